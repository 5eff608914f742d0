import type { Destroyable, DestroyedServer } from "../fleet/fleet-contract.ts";
import type { Leftover } from "../providers/contract.ts";
import { sanitize } from "./display-width.ts";
import { count } from "./duration.ts";
import type { Style } from "./style.ts";

/** What was left, in a list: "elastic address 203.0.113.7, volume vol-1". */
export function leftoversText(leftovers: readonly Leftover[]): string {
  return leftovers.map(({ kind, name }) => sanitize(`${kind} ${name}`)).join(", ");
}

/** What stands above the question of `destroy`: the names, and what will be lost. */
export function renderDestroyQuestion(
  { machines, leftovers }: Destroyable,
  about: {
    readonly stack: string;
    /** Of the stack's rehearsal. */
    readonly isRehearsal?: boolean;
    /** The servers of the config. */
    readonly declared: readonly string[];
    /** False where the provider forgets machines and does not destroy them. */
    readonly creates: boolean;
  },
  style: Style,
): readonly string[] {
  const stack = `${about.isRehearsal === true ? "Rehearsal of stack" : "Stack"} ${about.stack}`;
  const orphan = (server: string): string =>
    about.declared.includes(server) ? "" : ", no longer in the config";
  const servers = [...new Set(leftovers.map(({ server }) => server))];
  const left =
    servers.length === 0
      ? []
      : [
          style(
            `${machines.length === 0 ? `${stack}: what` : "What"} is left of ${count(servers.length, "server")} without a machine will be removed:`,
            "strong",
          ),
          ...servers.map((server) => {
            const own = leftovers.filter((one) => one.server === server);
            return `  ${style(server, "name")}  ${leftoversText(own)}${orphan(server)}`;
          }),
        ];
  if (machines.length === 0)
    return left.length === 0 ? [`${stack}: there is nothing to destroy.`] : left;
  const title = about.creates
    ? `${stack}: ${count(machines.length, "machine")} will be destroyed, with all data on ${machines.length === 1 ? "it" : "them"}:`
    : `${stack}: ${count(machines.length, "machine")} will be forgotten; the provider does not destroy ${machines.length === 1 ? "it" : "them"}:`;
  return [
    style(title, "strong"),
    ...machines.map((machine) => {
      const address = machine.publicAddresses[0] ?? "no address";
      // Not every provider knows these two.
      const kind = [machine.image, machine.size].filter((word) => word !== "").join(" ");
      return `  ${style(machine.server, "name")}  ${machine.status}, ${address}, ${kind === "" ? "" : `${kind}, `}id ${machine.id}${orphan(machine.server)}`;
    }),
    ...left,
  ];
}

export function renderDestroyed(
  results: readonly DestroyedServer[],
  style: Style,
  /** What the command needs besides: " --rehearse". */
  flag = "",
): readonly string[] {
  const lines = results.map((result) => {
    const note = result.note === undefined ? "" : `: ${sanitize(result.note)}`;
    if (result.error !== undefined) {
      return `  ${style(result.server, "name")}  ${style("FAILED", "bad")}: ${sanitize(result.error)}`;
    }
    return `  ${style(result.server, "name")}  ${whatBecameOf(result)}${note}`;
  });
  const gone = results.filter((result) => result.existed && result.error === undefined);
  const forgotten = gone.filter(({ isForgotten }) => isForgotten === true).length;
  const failed = results.filter((result) => result.error !== undefined).length;
  lines.push(
    failed > 0
      ? `${style("Failed", "bad")}: ${count(failed, "machine")} left; run \`bootmachine destroy${flag}\` again.`
      : forgotten > 0
        ? `${style("Done", "good")}: ${count(forgotten, "machine")} forgotten, none destroyed.`
        : `${style("Done", "good")}: ${count(gone.length, "machine")} destroyed.`,
  );
  return lines;
}

function whatBecameOf({ existed, isForgotten }: DestroyedServer): string {
  if (!existed) return "was not there";
  return isForgotten === true ? "forgotten, not destroyed" : "destroyed";
}
