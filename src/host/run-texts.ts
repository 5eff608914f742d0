import { randomBytes } from "node:crypto";

import { InternalError } from "../errors/error.ts";
import { hereDocumentWord } from "../program/here-document.ts";

/** Where bootmachine keeps its state on a host. */
export const HOST_STATE = "/var/lib/bootmachine";
/** Beginnings of words that end a here-document. */
const FIRST_CHARACTERS = "BMXQZJWKabcdefghijklmnopqrstuvwxyzACDEFGHILNOPRSTUVY_0123456789";
/** How many runs are kept on a host. */
const KEPT_RUNS = 5;

/** Exit statuses of the texts below, apart from those of programs. */
export const RUN_ABSENT = 66;
export const RUN_NOT_WRITTEN = 74;
/** The status in the closing line of a run that found the host's lock held. */
export const RUN_BUSY = 75;
/** … that could not make the lock. */
export const RUN_UNLOCKABLE = 76;

/** One run of a program on a host. */
export interface RunIdentity {
  /** File-name safe; sorts by time. */
  readonly id: string;
  readonly title: string;
  /** Who started it, and where: "ada@laptop". */
  readonly who: string;
}

/** The line that ends a run's log; the program's exit status follows. */
export function closingMark(id: string): string {
  return `bm-closed ${id} `;
}

/** The line in a run's log that says who holds the lock. */
export function busyMark(id: string): string {
  return `bm-busy ${id} `;
}

/** Shell functions that tell whether the process that a lock names still lives. */
const LIVENESS = `# When a process began, in a form that only that process has; nothing where there is no such process.
start_of() {
  if test -r /proc/self/stat; then
    IFS= read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
    set -- \${stat##*) }
    shift 19
    echo "$1"
  else
    ps -o lstart= -p "$1" 2>/dev/null | tr -dc '0-9A-Za-z'
  fi
}
# $1 is PID.START, as in the name of a holder's file.
is_alive() {
  test "$(start_of "\${1%%.*}")" = "\${1#*.}" && kill -0 "\${1%%.*}" 2>/dev/null
}
`;

/** The text of the process that runs a program apart from any connection. It holds no secret. */
function runnerText(run: RunIdentity): string {
  const holder = heredoc(`title=${oneLine(run.title)}\nwho=${oneLine(run.who)}\nrun=${run.id}\n`);
  return `# Runs one program of bootmachine apart from any connection. The program's report goes to the file
# "log" beside this one, its other output to "errors". The last line of the log is "bm-closed ID STATUS".
# One program runs at a time: "${HOST_STATE}/lock" holds a file named after the process that runs one.
state=${HOST_STATE}
run=$state/runs/${run.id}
lock=$state/lock
umask 077
echo $$ >"$run/pid"

${LIVENESS}
write_holder() {
  { cat ${holder}
    date -u +since=%Y-%m-%dT%H:%M:%SZ; } >"$lock/holder.$me"
}

me=$$.$(start_of $$)
tries=0
while :; do
  if mkdir "$lock" 2>/dev/null; then
    write_holder
    set -- "$lock"/holder.*
    # Somebody who found the lock empty for two seconds may have begun as well: then both step back.
    if test $# = 1 && test -f "$lock/holder.$me"; then break; fi
    rm -f "$lock/holder.$me"
  else
    set -- "$lock"/holder.*
    if test -f "$1"; then
      if is_alive "\${1##*/holder.}"; then
        { printf '${busyMark(run.id)}'; tr '\\n' '\\t' <"$1"; echo; echo '${closingMark(run.id)}${RUN_BUSY}'; } >>"$run/log"
        rm -f "$run/program"
        exit 0
      fi
      # Its holder was killed. Of all who see that, only one can rename the dead one's file.
      if mv "$1" "$lock/holder.$me" 2>/dev/null; then
        dead=$(sed -n 's/^run=//p' "$lock/holder.$me")
        # What it left may hold secrets.
        if test -n "$dead"; then rm -f "$state/runs/$dead/program"; fi
        write_holder
        break
      fi
    else
      # Empty: its maker is about to write into it, or was killed there.
      tries=$((tries + 1))
      if test $tries -ge 20; then rmdir "$lock" 2>/dev/null; fi
      if test $tries -ge 60; then
        echo '${closingMark(run.id)}${RUN_UNLOCKABLE}' >>"$run/log"
        rm -f "$run/program"
        exit 0
      fi
    fi
    sleep 0.1 2>/dev/null || sleep 1
  fi
done

(umask 022; BM_STOP=$run/stop; export BM_STOP; exec sh "$run/program") </dev/null >>"$run/log" 2>>"$run/errors"
status=$?

# It may hold secrets, and is needed no more.
rm -f "$run/program"
rm -f "$lock/holder.$me"
rmdir "$lock" 2>/dev/null
echo "${closingMark(run.id)}$status" >>"$run/log"

# The last ${KEPT_RUNS} runs stay, for people; and whatever has not ended, or so lately that it may still be read.
set -- "$state"/runs/*
while test $# -gt ${KEPT_RUNS}; do
  if grep -q '^bm-closed ' "$1/log" 2>/dev/null && test -n "$(find "$1/log" -mmin +1 2>/dev/null)"; then rm -rf "$1"; fi
  shift
done
`;
}

/**
 * Starts a run if this is not done yet, and follows it. Its standard output is the bytes of the run's log, from the first.
 * It takes effect whole or not at all: a text cut short is not run, and a run that exists is not started again.
 */
export function startScript(run: RunIdentity, program: string): string {
  return `umask 077
state=${HOST_STATE}
run=$state/runs/${run.id}
mkdir -p "$state/runs" && chmod 700 "$state" || exit ${RUN_NOT_WRITTEN}
if mkdir "$run" 2>/dev/null; then
  { cat >"$run/program" ${heredoc(program)}
  } && { cat >"$run/runner" ${heredoc(runnerText(run))}
  } && : >"$run/log" || {
    rm -rf "$run"
    df -P "$state" >&2
    exit ${RUN_NOT_WRITTEN}
  }
  # In a session of its own, which no closed connection reaches. The parent stays to take note of its end: some
  # containers have a process 1 that does not.
  detach=nohup
  if command -v setsid >/dev/null 2>&1; then detach=setsid; fi
  # Twice in the background: it is no descendant of this session's shell, whose descendants are ended on a cancel.
  ( (cd /; exec $detach sh -c 'sh "$0/runner" & wait' "$run") </dev/null >/dev/null 2>>"$run/errors" &)
elif ! test -d "$run"; then
  df -P "$state" >&2
  exit ${RUN_NOT_WRITTEN}
fi
${followText(run.id, 0)}`;
}

/** Follows a run from a byte of its log. Exits with RUN_ABSENT where there is no such run. */
export function followScript(id: string, offsetBytes: number): string {
  return `run=${HOST_STATE}/runs/${id}
if ! test -d "$run"; then exit ${RUN_ABSENT}; fi
${followText(id, offsetBytes)}`;
}

function followText(id: string, offsetBytes: number): string {
  return `tries=0
while ! test -s "$run/pid"; do
  # Being started just now, or its starter was cut off; then it is as if it never was.
  tries=$((tries + 1))
  if test $tries -gt 200; then rm -rf "$run"; exit ${RUN_ABSENT}; fi
  sleep 0.01 2>/dev/null || { sleep 1; tries=$((tries + 50)); }
done
IFS= read -r pid <"$run/pid"
case $(tail --version 2>/dev/null) in
*coreutils*)
  # Wakes up when something was written, and ends with the process.
  tail -c +${offsetBytes + 1} -s 0.02 --pid="$pid" -f "$run/log" 2>/dev/null
  ;;
*)
  offset=${offsetBytes}
  while :; do
    # Asked before the size: what was written before the process ended is then never missed.
    alive=no; if kill -0 "$pid" 2>/dev/null; then alive=yes; fi
    size=$(wc -c <"$run/log"); size=$((size))
    if test "$size" -gt "$offset"; then
      tail -c +$((offset + 1)) "$run/log" | head -c $((size - offset))
      offset=$size
    elif test $alive = no; then
      break
    else
      sleep 0.05 2>/dev/null || sleep 1
    fi
  done
  ;;
esac
if ! grep -q '^${closingMark(id)}' "$run/log" 2>/dev/null; then
  # The runner was killed; what it left may hold secrets.
  rm -f "$run/program"
  tail -n 20 "$run/errors" >&2
  echo bm-df >&2
  df -P ${HOST_STATE} >&2
fi
exit 0
`;
}

/** Asks a run to end after the resource in hand; a run that was started just now may not be there yet. */
export function stopScript(id: string): string {
  return `tries=0
while ! test -d ${HOST_STATE}/runs/${id} && test $tries -lt 20; do
  tries=$((tries + 1))
  sleep 0.1 2>/dev/null || sleep 1
done
test -d ${HOST_STATE}/runs/${id} && : >${HOST_STATE}/runs/${id}/stop
`;
}

/** Waits on the host until no program runs there; exits with RUN_BUSY and the holder's lines where one still does. */
export function waitForIdleScript(timeoutMs: number): string {
  return `${LIVENESS}
left=${Math.max(0, Math.ceil(timeoutMs / 200))}
while :; do
  set -- ${HOST_STATE}/lock/holder.*
  if ! test -f "$1" || ! is_alive "\${1##*/holder.}"; then exit 0; fi
  if test $left -le 0; then tr '\\n' '\\t' <"$1"; exit ${RUN_BUSY}; fi
  left=$((left - 1))
  sleep 0.2 2>/dev/null || { sleep 1; left=$((left - 4)); }
done
`;
}

/** What a lock's holder says of itself. */
export interface RunHolder {
  readonly title: string;
  readonly who: string;
  /** ISO 8601, by the host's clock. */
  readonly since: string;
}

/** Reads a holder's tab-separated fields. */
export function parseHolder(text: string): RunHolder {
  const fields = new Map(
    text.split("\t").map((field) => {
      const equals = field.indexOf("=");
      return [field.slice(0, equals).trim(), field.slice(equals + 1)] as const;
    }),
  );
  return {
    title: fields.get("title") ?? "an unknown program",
    who: fields.get("who") ?? "somebody",
    since: fields.get("since") ?? "an unknown time",
  };
}

function heredoc(text: string): string {
  // Quoted: nothing in it is expanded. Random: no text ends it early. Any of these may begin it, since lines may rule some out.
  const random = randomBytes(12).toString("hex");
  const words = FIRST_CHARACTERS.split("").map((first) => `${first}_${random}`);
  const end = hereDocumentWord(text, words);
  if (end === undefined) throw new InternalError("There is no word that can end this program.");
  return `<<'${end}'\n${text.endsWith("\n") ? text : `${text}\n`}${end}`;
}

function oneLine(text: string): string {
  return text.replaceAll(/[\u0000-\u001F\u007F]+/g, " ").slice(0, 200);
}
