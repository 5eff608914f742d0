/**
 * The report protocol, version 1: what a program writes on its standard output, and nothing else is written there.
 *
 *     bm1 begin COUNT resources
 *     bm1 start ID
 *     bm1 output TEXT            a line that the resource's command printed, as it came
 *     bm1 detail TEXT            a line that belongs to the report whatever the status is
 *     bm1 diff TEXT              a line of the difference
 *     bm1 reason TEXT            why it is skipped, or what was left out
 *     bm1 done STATUS [exit N] MS ms
 *     bm1 trigger ok|failed TEXT
 *     bm1 read TEXT              a line of what the program was asked to read when all was well
 *     bm1 reading exit N whole
 *     bm1 end STATUS MS ms
 *
 * Each line begins with the prefix, so that nothing that a command prints can pass for a line of the protocol: it only
 * ever stands behind "output", "detail", "diff" or "read". Lines with numbers end in a fixed word, so that one cut short is
 * no line at all. `detail`, `diff` and `reason` belong to the resource started last.
 */
export const REPORT_PREFIX = "bm1 ";

/** The reason of resources that were skipped because somebody asked the program to end. */
export const STOPPED_REASON = "the run was cancelled";

/** The last lines of output that a report keeps for each resource. */
export const KEPT_OUTPUT_LINES = 50;
/** The first lines of a diff that a report keeps for each resource. */
export const KEPT_DIFF_LINES = 400;
/** A reading that is longer is none. */
export const KEPT_READING_CHARACTERS = 65_536;
/** Longer lines are cut, those of a reading excepted. */
export const KEPT_LINE_CHARACTERS = 2000;
