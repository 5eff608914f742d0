import { quote } from "../../program/quote.ts";
import type { CommandResource } from "../../program/resource.ts";
import {
  DIRECTORY,
  KEEP_ORIGINAL,
  OVERRIDABLE,
  SSH_DROP_IN,
  type Setting,
} from "./openssh-files.ts";

/** Other names of the same keyword: sshd takes the first value, by whichever name it comes. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  kbdinteractiveauthentication: ["challengeresponseauthentication", "skeyauthentication"],
  pubkeyacceptedalgorithms: ["pubkeyacceptedkeytypes"],
  pubkeyacceptedkeytypes: ["pubkeyacceptedalgorithms"],
};
/** Another resource takes these out of every file, in Match blocks or not. */
const TAKEN_OUT_ELSEWHERE = new Set(["allowusers", "allowgroups"]);

/**
 * With `mend` a file is printed with the lines that have to go as comments; without, each such line is named and the status
 * is 1. sshd takes blanks or one `=` behind a keyword, and quotes around either; comments behind a value since 8.5.
 */
const LOOK = String.raw`
BEGIN {
  n = split(wanted, setting, ";")
  for (i = 1; i <= n; i++) { key = setting[i]; sub(/ .*/, "", key); value[key] = tolower(substr(setting[i], length(key) + 2)) }
  # What a block includes may say anything, and be another thing tomorrow.
  value["include"] = "nothing"
}
FNR == 1 { block = "" }
{
  rest = tolower($0)
  gsub(/["\r]/, "", rest)
  sub(/^[ \t]+/, "", rest)
  key = rest
  sub(/[ \t=].*/, "", key)
  rest = substr(rest, length(key) + 1)
  sub(/^[ \t=]+/, "", rest)
  sub(/[ \t]+#.*$/, "", rest)
  sub(/[ \t]+$/, "", rest)
  line = $0
  sub(/^[ \t]+/, "", line)
  if (key == "match") block = line
  # In the order in which sshd reads the files: what comes behind ours has lost already.
  goes = block != "" && (key in value) && value[key] != rest && FILENAME < ours
  if (goes) found = 1
}
mend { print (goes ? "# bootmachine, instead of: " : "") $0; next }
goes { print FILENAME ":" FNR ": " line " (in \"" block "\", read before the declared settings)" }
END { exit !mend && found }`;

/**
 * The Match blocks of the files that are read before ours. What such a block sets wins over our own `Match all`, and what it
 * includes may do so.
 *
 * Of a block only the lines go that give one of our keywords another value, each as a comment. The rest stays: a
 * ForceCommand or a ChrootDirectory confines somebody, who must not be let out by taking the whole block away.
 *
 * @param settings as sshd of this host spells them. @returns undefined where none of them could be overridden.
 */
export function nothingMatchedEarlier(
  settings: readonly Setting[],
): Pick<CommandResource, "check" | "run"> | undefined {
  const wanted = settings.flatMap(([spelled, value]) => {
    const keyword = spelled.toLowerCase();
    if (!OVERRIDABLE.has(keyword) || TAKEN_OUT_ELSEWHERE.has(keyword)) return [];
    // A list of algorithms is long, and one that says the same may go as well.
    const same = value.includes(",") ? "" : value;
    return [keyword, ...(ALIASES[keyword] ?? [])].map((name) => `${name} ${same}`);
  });
  if (wanted.length === 0) return undefined;
  const look = `LC_ALL=C awk -v ours=${SSH_DROP_IN} -v wanted=${quote([...new Set(wanted)].join(";"))}`;
  return {
    // As a rule ours is the first file, and there is nothing to be read.
    check: String.raw`set -- ${DIRECTORY}/*.conf
[ "$1" = ${SSH_DROP_IN} ] || ! [ -e "$1" ] || ${look} -v mend=0 ${quote(LOOK)} "$@"`,
    run: String.raw`bm_look() { ${look} -v mend="$1" ${quote(LOOK)} "$bm_file"; }
for bm_file in ${DIRECTORY}/*.conf; do
  [ "$bm_file" != ${SSH_DROP_IN} ] || break
  bm_look 0 >/dev/null && continue
  ${KEEP_ORIGINAL}
  cp -p "$bm_file" "$bm_file.bootmachine-new" &&
  bm_look 1 >"$bm_file.bootmachine-new" && mv "$bm_file.bootmachine-new" "$bm_file" || exit 1
done`,
  };
}
