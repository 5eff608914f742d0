import { expect, it } from "vitest";

import { BUILTINS } from "../../../src/builtins.ts";
import { COMMANDS } from "../../../src/cli/command-list.ts";
import { makeKeyPair } from "../../../src/host/key-pair.ts";
import { COMMAND_NAMES, RESERVED_NAMES } from "../../../src/stack/rules/setting-rules.ts";
import { failureOf, GOOD, loadValue } from "./support/config-directory.ts";

const problemsWith = async (provider: unknown): Promise<readonly string[]> => {
  const error = await failureOf(loadValue({ ...GOOD, provider }, { plugins: BUILTINS }));
  return error.problems.map(({ path, message, hint }) => `${path}: ${message} | ${hint ?? ""}`);
};

it("options inside a record of objects are known by name", async () => {
  const host = { addres: "192.0.2.1", address: "192.0.2.1", hostKeys: [] };
  const known = "Known options here: address, port, user, hostKey, privateAddress.";
  expect(await problemsWith({ name: "existing", hosts: { web: host } })).toEqual([
    `provider.hosts.web.addres: is not an option | Did you mean "address"? ${known}`,
    `provider.hosts.web.hostKeys: is not an option | Did you mean "hostKey"? ${known}`,
  ]);
});

it("a name as an address asks for the number that firewalls and /etc/hosts need", async () => {
  const hosts = { web: { address: "web.example.org" }, db: { address: "192.0.2.2" } };
  expect(await problemsWith({ name: "existing", hosts })).toEqual([
    expect.stringMatching(
      /^provider\.hosts\.web\.address: is a name, and needs privateAddress beside it: /u,
    ),
  ]);
});

it("a name that stands as a key gets the form that was meant", async () => {
  expect(await problemsWith({ existing: { hosts: {} } })).toEqual([
    expect.stringMatching(/ \| Write \{ name: existing, hosts: … \}\.$/),
  ]);
  expect(await problemsWith({ exsting: {} })).toEqual([expect.stringContaining("Built in: ")]);
});

it("a server without an address gets no hint about images and sizes", async () => {
  const hosts = { web: { address: "192.0.2.1", hostKey: makeKeyPair().publicKey } };
  expect(await problemsWith({ name: "existing", hosts })).toEqual([
    'servers[1]: existing has no address for "db"; it has addresses for: web | ',
  ]);
});

it("no task can have the name of a command", () => {
  expect([...COMMAND_NAMES].sort()).toEqual([...Object.keys(COMMANDS), ...RESERVED_NAMES].sort());
});
