import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, expect, test } from "vitest";

import { makeKeyPair } from "../../../src/host/key-pair.ts";
import { runInProcess } from "./run-in-process.ts";
import { makeProject, startProgram } from "./start-program.ts";

const directories: string[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0))
    await rm(directory, { recursive: true, force: true });
});

/** A provider that remembers its machines in a file. */
const REMEMBERS = `
  ...(() => {
    const read = async () => JSON.parse(await readFile("machines.json", "utf8").catch(() => "[]"));
    const write = (machines) => writeFile("machines.json", JSON.stringify(machines));
    let turn = Promise.resolve();
    const inTurn = (work) => (turn = turn.then(work));
    return {
      observe: read,
      list: read,
      ensure: ({ server }) => inTurn(async () => {
        const made = { ...machine, server, id: server };
        await write([...(await read()), made]);
        return made;
      }),
      destroy: (server) => inTurn(async () => {
        await write((await read()).filter((one) => one.server !== server));
        return { existed: true };
      }),
    };
  })(),`;

test("a server that was destroyed alone is in the ssh_config no more; with the last one the file goes", async () => {
  const directory = await makeProject(REMEMBERS);
  directories.push(directory);
  const config = join(directory, "bootmachine.config.mts");
  const text = await readFile(config, "utf8");
  await writeFile(config, `import { readFile, writeFile } from "node:fs/promises";\n${text}`);
  const sshConfig = join(directory, ".bootmachine/shop/ssh_config");

  const boot = await startProgram(["boot", "--yes"], directory).result;
  expect(boot.status, boot.stderr + boot.stdout).toBe(0);
  expect(await readFile(sshConfig, "utf8")).toMatch(/^Host web1\b[^]*^Host web2\b/mu);

  const one = await startProgram(["destroy", "--yes", "--server", "web2"], directory).result;
  expect(one.status, one.stderr).toBe(0);
  const left = await readFile(sshConfig, "utf8");
  expect(left).toMatch(/^Host web1\b/mu);
  expect(left).not.toMatch(/^Host web2\b/mu);

  const all = await startProgram(["destroy", "--yes"], directory).result;
  expect(all.status, all.stderr).toBe(0);
  await expect(readFile(sshConfig, "utf8")).rejects.toThrow("ENOENT");
});

test("boot asks a host that you have, and fails where nobody answers", async () => {
  const directory = await mkdtemp(join(tmpdir(), "existing-"));
  directories.push(directory);
  const pair = makeKeyPair("bootmachine tests");
  await writeFile(join(directory, "id"), pair.privateKey, { mode: 0o600 });
  await writeFile(join(directory, "id.pub"), `${pair.publicKey}\n`);
  // Ports on which nobody of this computer listens.
  const host = { address: "127.0.0.1", port: 1, hostKey: makeKeyPair().publicKey };
  const config = {
    name: "rack",
    provider: { name: "existing", hosts: { web1: host } },
    operator: "ada",
    users: [{ name: "ada", sudo: "nopasswd", keys: ["./id.pub"] }],
    ssh: { port: 2, identityFile: "./id", configFile: "none" },
    servers: [{ name: "web1" }],
  };
  await writeFile(join(directory, "bootmachine.config.json"), JSON.stringify(config));
  const { status, stdout, stderr } = await runInProcess(["boot", "--yes"], { cwd: directory });
  expect(status, stderr).toBe(1);
  expect(stdout).not.toContain("Everything is in place");
  expect(stdout).toContain("CONNECTION_REFUSED");
});
