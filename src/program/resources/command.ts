import type { CompileContext, CompiledResource } from "../compile-context.ts";
import { quote } from "../quote.ts";
import type { CommandResource } from "../resource.ts";
import { sh } from "../sh.ts";

/** Limit for `run` where the resource names none. */
export const DEFAULT_TIMEOUT_SECONDS = 600;

export const COMMAND_FUNCTIONS = {
  p_read: sh`
# $1 variable, $2 shell text: sets it to what the text prints. It is asked once, as long as nothing was changed.
p_read() {
  [ -n "$p_fresh" ] || p_reads=' '
  case $p_reads in *" $1 "*) return ;; esac
  eval "$1=\$(umask 022; set +u; eval \"\$2\")"
  p_reads="$p_reads$1 "
}
`,
  p_quiet: sh`
# $1 shell text: exit 0 where it does, 1 else.
p_quiet() {
  (umask 022; set +u; eval "$1") >/dev/null 2>&1
  p_exit=$?
  [ "$p_exit" -eq 0 ] || return 1
}
`,
  p_heard: sh`
# As p_quiet; where the text fails, what it prints goes into the report.
p_heard() {
  p_hit=$(exec 2>&1; umask 022; set +u; eval "$1")
  p_exit=$?
  [ "$p_exit" -ne 0 ] || return 0
  p_details "$p_hit"
  return 1
}
`,
} as const;

export const COMMAND_MENDING_FUNCTIONS = {
  p_limited: sh`
# $1 limit in seconds, $2 the function that writes the text: runs it by sh, and ends it with all that it has started
# (where there is setsid; else it alone) when the limit is reached. The text goes into a file, not into an argument.
p_limited() {
  mkdir -p -m 0700 "$p_state" || return
  # Of a run that was killed; what it left may hold secrets.
  rm -rf "$p_state"/scratch.*
  p_scratch=$(mktemp -d "$p_state/scratch.XXXXXX") || return
  (umask 077; "$2" >"$p_scratch/text") || { rm -rf "$p_scratch"; return 1; }
  p_whole= p_setsid=
  if command -v setsid >/dev/null 2>&1; then p_whole=- p_setsid=setsid; fi
  $p_setsid sh "$p_scratch/text" &
  p_child=$!
  $p_setsid sh -c '
    sleep "$1" >/dev/null 2>&1
    : >"$3/expired"
    echo "stopped: it reached its limit of $1 s" >&2
    kill -TERM "$2" 2>/dev/null
    sleep 5 >/dev/null 2>&1
    kill -KILL "$2" 2>/dev/null' sh "$1" "$p_whole$p_child" "$p_scratch" &
  p_watch=$!
  wait "$p_child" 2>/dev/null
  p_result=$?
  # Its group, or it alone as long as it has not made one. No trap: shells differ in what a signal does to a wait.
  kill -KILL "$p_whole$p_watch" 2>/dev/null || kill -KILL "$p_watch" 2>/dev/null
  wait "$p_watch" 2>/dev/null
  if [ -e "$p_scratch/expired" ]; then
    # What it has started had the same time to end.
    [ -z "$p_whole" ] || kill -KILL "$p_whole$p_child" 2>/dev/null
    p_result=124
  fi
  rm -rf "$p_scratch"
  return "$p_result"
}
`,
  p_command_mend: sh`
# $1 limit in seconds, $2 the function that writes the text, $3 the check.
p_command_mend() {
  p_limited "$1" "$2" || return
  p_hit=$(exec 2>&1; umask 022; set +u; eval "$3")
  p_exit=$?
  [ "$p_exit" -ne 0 ] || return 0
  [ -z "$p_hit" ] || p_line "$p_hit"
  echo 'it ran without an error, and its check still fails'
  return "$p_exit"
}
`,
} as const;

/** The check as a text that can stand alone: with all that it reads before it. */
export function wholeCheck({ check, reads = {} }: CommandResource): string {
  return [...Object.entries(reads).map(([name, text]) => `${name}=$(\n${text}\n)`), check].join(
    "\n",
  );
}

export function compileCommand(
  resource: CommandResource,
  context: CompileContext,
): CompiledResource {
  const reads = Object.entries(resource.reads ?? {}).map(
    ([name, text]) => `p_read ${name} ${quote(text)}`,
  );
  const ask = `${resource.showCheckOutput === true ? "p_heard" : "p_quiet"} ${quote(resource.check)}`;
  if (resource.run === undefined) {
    // Nothing can mend it: in apply mode that is a failure.
    return {
      check: [...reads, ask, ...(context.mode === "check" ? [] : ["[ $? -eq 0 ] || return 3"])],
    };
  }
  const limit = resource.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  return {
    check: [...reads, ask],
    mend: [`p_command_mend ${limit} ${context.text(resource.run)} ${quote(wholeCheck(resource))}`],
  };
}
