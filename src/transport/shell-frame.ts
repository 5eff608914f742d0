/**
 * The texts that our end and the host's `sh` exchange. All pure.
 *
 * The user's login shell on the host may be anything (bash, fish, csh), and it is that shell which reads the remote
 * command of ssh. So the remote command is one line with one single-quoted word in which neither `'`, `\`, `!` nor a
 * newline occurs: every shell reads such a word the same way. All else goes to a POSIX `sh` through standard input.
 */

/** Quotes text for a POSIX shell. */
function quoteForShell(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

const ENVIRONMENT =
  "LC_ALL=C; export LC_ALL; unset LANGUAGE ENV BASH_ENV; " +
  "PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin; export PATH; umask 022; " +
  "cd 2>/dev/null || cd /; ";

/** On both streams: what was printed before it is the login's, and not a script's. */
function hello(marker: string, role: "root" | "user"): string {
  return `echo ${marker}-hello >&2; echo ${marker}-hello ${role} $$; `;
}

/**
 * The remote command that opens a session: a `sh` that reads scripts from standard input, as root where that is possible
 * without a password. It says `MARKER-hello ROLE PID`; if sudo refused, ROLE is "user" and sudo's words are on standard error.
 */
export function sessionCommand(marker: string, wants: "root" | "user"): string {
  const asUser = `${hello(marker, "user")}exec sh`;
  if (wants === "user") return `exec sh -c '${ENVIRONMENT}${asUser}'`;
  const asRoot = `${hello(marker, "root")}exec sh`;
  // Exit status 1 is sudo's own refusal, 127 a missing sudo; anything else is the end of root's shell, whose place the
  // user's shell must never take.
  return (
    `exec sh -c 'root="$1"; ${ENVIRONMENT}` +
    `if test "$(id -u)" = 0; then ${asRoot}; fi; ` +
    `sudo -n -H sh -c "$root"; s=$?; case $s in 1|127) ;; *) exit $s;; esac; ` +
    `echo ${marker}-groups $(id -Gn) >&2; ${asUser}' sh '${ENVIRONMENT}${asRoot}'`
  );
}

/** One script for a session's shell: run in a subshell with no standard input; its exit status ends its output. */
export function sessionFrame(marker: string, number: number, script: string): string {
  const end = endMarker(marker, number);
  // `eval` of a quoted word: a syntax error in the script stays in the subshell, a text cut short is never run (its
  // closing quote is missing), and nothing of it stands in any process's arguments.
  return (
    `( eval ${quoteForShell(script)} ) </dev/null\n` +
    `bm_status=$?; echo "${end} $bm_status"; echo "${end}" >&2\n`
  );
}

/** What stands before the newline at the end of a script's output. */
export function endMarker(marker: string, number: number): string {
  return `${marker}-end-${number}`;
}

/** The remote command of an extra channel: reads one line of shell from standard input and leaves the rest to the script. */
export function channelCommand(asRoot: boolean): string {
  // `read` takes byte by byte from a pipe, so that it never takes what belongs to the script.
  return `exec ${asRoot ? "sudo -n -H " : ""}sh -c '${ENVIRONMENT}IFS= read -r s; eval "$s"'`;
}

/** What an extra channel says on both streams before the script's own output: a login's noise comes before it. */
export function beginMarker(marker: string): string {
  return `${marker}-begin`;
}

/** The first line for an extra channel; what follows it is the script's standard input. */
export function channelLine(marker: string, script: string): string {
  const encoded = script.replaceAll(
    /[\\'\n\r]/g,
    (character) => String.raw`\0` + character.charCodeAt(0).toString(8).padStart(3, "0"),
  );
  const begin = beginMarker(marker);
  return `echo ${begin}; echo ${begin} >&2; ( eval "$(printf %b '${encoded}')" ); bm_status=$?; echo "${endMarker(marker, 0)} $bm_status"\n`;
}

/**
 * Ends everything that the session's shell has started, and the shell itself stays. Works with and without `ps`.
 */
export function killChildrenScript(sessionPid: number): string {
  return `bm_tree() {
  if test -r /proc/self/stat; then
    for bm_f in /proc/[0-9]*/stat; do
      IFS= read -r bm_s <"$bm_f" || continue
      bm_p=\${bm_s%% *}; set -- \${bm_s##*) }; echo "$bm_p $2"
    done 2>/dev/null
  else
    ps -A -o pid= -o ppid=
  fi
}
bm_all=$(bm_tree); bm_found=; bm_next=" ${sessionPid} "
while test -n "$bm_next"; do
  bm_parents=$bm_next; bm_next=
  while read -r bm_p bm_q; do
    case $bm_parents in *" $bm_q "*) bm_found="$bm_found $bm_p"; bm_next="\${bm_next:- }$bm_p ";; esac
  done <<BM_ALL
$bm_all
BM_ALL
done
test -n "$bm_found" || exit 0
bm_alive() {
  for bm_p in $bm_found; do kill -0 "$bm_p" 2>/dev/null && return 0; done
  return 1
}
kill -TERM $bm_found 2>/dev/null
bm_i=0
while test $bm_i -lt 20 && bm_alive; do sleep 0.1 || sleep 1; bm_i=$((bm_i + 1)); done
kill -KILL $bm_found 2>/dev/null
exit 0
`;
}
