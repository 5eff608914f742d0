import type { Distro } from "../distros/contract.ts";
import { UserError } from "../errors/error.ts";
import type { HostFacts } from "../host/facts.ts";
import type { Server, Stack } from "../stack/stack.ts";

/** @throws UserError DISTRO_UNSUPPORTED */
export function pickDistro(stack: Stack, server: Server, facts: HostFacts): Distro {
  const named =
    server.distro === undefined
      ? undefined
      : stack.distros.find(({ name }) => name === server.distro);
  const distro = named ?? stack.distros.find((candidate) => candidate.matches(facts));
  if (distro === undefined) {
    throw new UserError(
      "DISTRO_UNSUPPORTED",
      `${server.name} runs ${facts.osPrettyName} (${facts.osId} ${facts.osVersion}), and no distro plug-in knows it.`,
      {
        hint: `There are plug-ins for: ${stack.distros.map(({ name, releases }) => `${name} ${releases.join(", ")}`).join("; ")}.`,
      },
    );
  }
  return distro;
}
