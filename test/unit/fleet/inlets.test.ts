import { expect, test } from "vitest";

import { ansible } from "../../../src/configurators/ansible/ansible.ts";
import { none } from "../../../src/configurators/none.ts";
import { inletsOf } from "../../../src/fleet/inlets.ts";
import type { Opening, Server, Stack } from "../../../src/stack/stack.ts";

/** As much of a stack as decides it. */
function stackOf(
  servers: readonly { readonly port: number; readonly firewall: readonly Opening[] }[],
  more: Partial<Stack> = { configurator: none() },
): Stack {
  return {
    ...more,
    servers: servers.map(({ port, firewall }) => ({ ssh: { port }, firewall }) as Partial<Server>),
  } as unknown as Stack;
}

const opening = (
  port: number | string,
  from: Opening["from"],
  protocol: Opening["protocol"] = "tcp",
): Opening => ({
  port,
  protocol,
  from,
  roles: [],
});

test("the first login, each port that sshd moves to, and the openings of all servers, each once", () => {
  const web = opening(443, "anywhere");
  const stack = stackOf([
    { port: 2849, firewall: [web, opening("6000-6010", "stack", "udp")] },
    { port: 2849, firewall: [web] },
    { port: 2222, firewall: [] },
  ]);
  expect(inletsOf(stack)).toEqual([
    { protocol: "tcp", fromPort: 22, toPort: 22, from: "anywhere" },
    { protocol: "tcp", fromPort: 2849, toPort: 2849, from: "anywhere" },
    { protocol: "tcp", fromPort: 443, toPort: 443, from: "anywhere" },
    { protocol: "udp", fromPort: 6000, toPort: 6010, from: "stack" },
    { protocol: "tcp", fromPort: 2222, toPort: 2222, from: "anywhere" },
  ]);
});

test("an opening for the ssh port narrows it, and the first login stays as it is", () => {
  const stack = stackOf([{ port: 2849, firewall: [opening(2849, ["192.0.2.0/24"])] }]);
  expect(inletsOf(stack)).toEqual([
    { protocol: "tcp", fromPort: 22, toPort: 22, from: "anywhere" },
    { protocol: "tcp", fromPort: 2849, toPort: 2849, from: ["192.0.2.0/24"] },
  ]);
});

test("a master that pushes comes from the stack, where the ssh port is narrowed", () => {
  const narrowed = [{ port: 2849, firewall: [opening(2849, ["192.0.2.0/24"])] }];
  const fromStack = { protocol: "tcp", fromPort: 2849, toPort: 2849, from: "stack" };
  const of = (more: Partial<Stack>) => inletsOf(stackOf(narrowed, more));
  expect(of({ configurator: ansible({}), master: "boss" })).toContainEqual(fromStack);
  // From the controller, or from nowhere: nobody needs it.
  expect(of({ configurator: ansible({}) })).not.toContainEqual(fromStack);
  expect(of({ configurator: ansible({ from: "controller" }), master: "boss" })).not.toContainEqual(
    fromStack,
  );
  const open = inletsOf(
    stackOf([{ port: 2849, firewall: [] }], { configurator: ansible({}), master: "boss" }),
  );
  expect(open).not.toContainEqual(fromStack);
});
