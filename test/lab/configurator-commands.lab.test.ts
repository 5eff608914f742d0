import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { FleetEvent } from "../../src/fleet/events.ts";
import { StackProject, story } from "./stack-project.ts";
import { tested } from "./tested.ts";
import { TOY_REBOOT, TOY_RESTARTS, TOY_TAKEN, toyAgent } from "./toy-agent.ts";

tested({
  what: "bootmachine configurator",
  how: "look-alike",
  on: ["Debian 12", "Debian 13"],
  note: "a small tool of our own stands in for the real ones",
});

interface AgentsAnswer {
  readonly configurator: string;
  readonly master: string;
  readonly agents: readonly {
    readonly id: string;
    readonly state: string;
    readonly fingerprint?: string;
    readonly isMember: boolean;
  }[];
}

describe("bootmachine configurator, on a master and an agent", () => {
  let project: StackProject;
  const greeting = (): string => join(project.directory, "states/greeting");

  const config = (): string => join(project.directory, "bootmachine.config.ts");

  async function addServers(text: string): Promise<void> {
    const before = await readFile(config(), "utf8");
    await writeFile(config(), before.replace('size: "small" }],', `size: "small" }, ${text}],`));
  }

  let web3 = "";
  const addressOf = async (server: string): Promise<string> =>
    (await project.onServer("boss", `getent ahostsv4 ${server}`)).stdout.split(" ")[0] ?? "";

  /** By its hosts entries and the rules of its tool's port. */
  async function knownToMaster(server: string): Promise<boolean> {
    const { status } = await project.onServer(
      "boss",
      `address=$(getent ahostsv4 ${server} | awk '{ print $1; exit }') && [ -n "$address" ] && nft list table inet bootmachine | grep 'dport 4242' | grep -qF "$address"`,
    );
    return status === 0;
  }

  async function agents(): Promise<readonly string[]> {
    const result = await project.run("configurator", "agents", "--json");
    const { agents } = JSON.parse(result.stdout) as AgentsAnswer;
    return agents.map(({ id, state, isMember }) => `${id} ${state}${isMember ? "" : " stranger"}`);
  }

  beforeAll(async () => {
    project = await StackProject.create("cmd", []);
    await rm(join(project.directory, "bootmachine.config.yaml"));
    await mkdir(join(project.directory, "states"));
    await writeFile(greeting(), "hello\n");
    await writeFile(
      config(),
      `import { defineStack, local } from "bootmachine";
import { toyAgent } from "${resolve(import.meta.dirname, "toy-agent.ts")}";

export default defineStack({
  name: "${project.name}",
  provider: local(),
  ssh: { identityFile: "./id", configFile: "none" },
  users: [{ name: "ada", sudo: "nopasswd", keys: ["./id.pub"] }],
  servers: [{ name: "web1", image: "debian-12", size: "small" }, { name: "boss", image: "debian-13", size: "small" }],
  configurator: toyAgent(),
  master: "boss",
});
`,
    );
    const up = await project.run("up", "--yes");
    expect(up.status, story(up)).toBe(0);
  });
  afterAll(async () => {
    await project.remove();
  });

  it("agents: those of the stack, with their keys' fingerprints", async () => {
    const result = await project.run("configurator", "agents", "--json");
    expect(result.status, story(result)).toBe(0);
    const answer = JSON.parse(result.stdout) as AgentsAnswer;
    expect(answer).toMatchObject({ configurator: toyAgent().name, master: "boss" });
    expect(await agents()).toEqual(["web1 accepted", "boss accepted"]);
    for (const { fingerprint } of answer.agents) expect(fingerprint).toMatch(/^[0-9a-f]{16}$/);
  });

  it("a stranger that knocks is shown, refused with the reason, and can be revoked", async () => {
    await project.onServer("boss", "mkdir -p /etc/toy/waiting; echo 0123 >/etc/toy/waiting/rogue");
    const shown = await project.run("configurator", "agents");
    expect(shown.status).toBe(1);
    expect(shown.stdout, story(shown)).toMatch(/rogue +waiting +A STRANGER'S +0123/);
    const accepted = await project.run("configurator", "accept", "rogue");
    expect(accepted.status).toBe(3);
    expect(accepted.stderr).toContain("AGENT_STRANGE");
    expect(await agents()).toContain("rogue waiting stranger");
    const revoked = await project.run("configurator", "revoke", "rogue", "--yes");
    expect(revoked.stdout, story(revoked)).toContain("rogue: revoked.");
    expect(await agents()).not.toContain("rogue waiting stranger");
    const again = await project.run("configurator", "revoke", "rogue", "--yes");
    expect(again.stdout).toContain("rogue: the master did not know it.");
  });

  it("revoke takes the trust in a server away, and accept enrols it again by its own key", async () => {
    const key = "sha256sum /etc/toy/key | cut -c1-16";
    const { stdout: fingerprint } = await project.onServer("web1", key);
    await project.run("configurator", "revoke", "web1", "--yes");
    expect(await agents()).toEqual(["web1 missing", "boss accepted"]);
    const accepted = await project.run("configurator", "accept", "web1");
    expect(accepted.status, story(accepted)).toBe(0);
    expect(await agents()).toEqual(["web1 accepted", "boss accepted"]);
    expect((await project.onServer("boss", "cat /etc/toy/accepted/web1")).stdout).toBe(fingerprint);
  });

  it("up after that runs the tool for that server, also where nothing else has changed, and once", async () => {
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, story(up)).toBe(0);
    const ran = up.events.flatMap((event) =>
      event.type === "resource" && event.tool === "toy" ? [event.server] : [],
    );
    expect(ran).toEqual(["web1"]);
    const again = await project.run("up", "--yes");
    expect(again.stdout, story(again)).toContain("nothing to change");
  });

  it("restart: the master first, then the others", async () => {
    const result = await project.run("configurator", "restart");
    expect(result.status, story(result)).toBe(0);
    const times = await Promise.all(
      ["boss", "web1"].map((name) => project.onServer(name, `cat ${TOY_RESTARTS}`)),
    );
    const [master, agent] = times.map(({ stdout }) => Number(stdout));
    expect(master).toBeGreaterThan(0);
    expect(agent).toBeGreaterThan(master ?? Infinity);
  });

  it("push: the master's tree goes to the master, where the tool takes it in, and to nobody else", async () => {
    expect((await project.onServer("boss", `cat ${TOY_TAKEN}`)).stdout).toBe("hello\n");
    await writeFile(greeting(), "good day\n");
    await writeFile(join(project.directory, "states/more"), "more\n");
    const pushed = await project.run("configurator", "push", "--json");
    expect(pushed.status, story(pushed)).toBe(0);
    const last = JSON.parse(pushed.stdout.split("\n").at(-1) ?? "") as object;
    expect(last).toEqual({
      type: "pushed",
      tree: "states",
      server: "boss",
      changed: ["greeting", "more"],
      removed: [],
    });
    expect((await project.onServer("boss", "cat /srv/toy/greeting")).stdout).toBe("good day\n");
    expect((await project.onServer("boss", `cat ${TOY_TAKEN}`)).stdout).toBe("good day\n");
    expect((await project.onServer("web1", "ls -d /srv/toy")).status).not.toBe(0);
    const again = await project.run("configurator", "push");
    expect(again.stdout).toContain("Everything is in place.");
  });

  it("run: the tool runs for the servers that are named, whether anything changed or not", async () => {
    const result = await project.run("configurator", "run", "web1", "--json");
    expect(result.status, story(result)).toBe(0);
    const said = result.events.filter((event) => event.type === "resource" && event.tool === "toy");
    expect(said).toMatchObject([{ server: "web1", id: "good day", status: "ok" }]);
  });

  it("up --configure runs it on all, and up alone does not", async () => {
    const forced = await project.run("up", "--configure", "--yes");
    expect(forced.stdout, story(forced)).toContain("toy ran and changed nothing");
    const plain = await project.run("up", "--yes");
    expect(plain.stdout).toContain("nothing to change");
  });

  it("a tree that was only pushed gives way to the config's with the next up, and nothing is run for it", async () => {
    await writeFile(greeting(), "good night\n");
    const pushed = await project.run("configurator", "push");
    expect(pushed.status, story(pushed)).toBe(0);
    await writeFile(greeting(), "good day\n");
    const plan = await project.run("plan");
    expect(plan.stdout, story(plan)).toContain("another one than the config's was there");
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, story(up)).toBe(0);
    expect((await project.onServer("boss", `cat /srv/toy/greeting ${TOY_TAKEN}`)).stdout).toBe(
      "good day\ngood day\n",
    );
    expect(up.events.filter((event) => event.type === "resource" && event.tool === "toy")).toEqual(
      [],
    );
    const again = await project.run("up", "--yes");
    expect(again.stdout, story(again)).toContain("nothing to change");
  });

  it("a reboot that the master has left is made after the run for one whose last run had failed", async () => {
    const start = "cut -d ' ' -f 22 /proc/1/stat";
    const before = await project.onServer("boss", start);
    await project.onServer(
      "boss",
      `echo "$(cat /proc/sys/kernel/random/boot_id) $(${start})" >/var/lib/bootmachine/reboot-wanted`,
    );
    await project.onServer("web1", "echo unfinished >/var/lib/bootmachine/configured");
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, story(up)).toBe(0);
    const ran = up.events.flatMap((event) =>
      event.type === "resource" && event.tool === "toy" ? [event.server] : [],
    );
    expect(ran).toEqual(["web1"]);
    expect(
      up.events.flatMap((event) =>
        event.type === "step" && event.text === TOY_REBOOT ? [event.server] : [],
      ),
    ).toEqual(["boss"]);
    expect((await project.onServer("boss", start)).stdout).not.toBe(before.stdout);
  });

  it("up --server lets a server that is new in at the master, which takes no part, and says who else was not told", async () => {
    await addServers(`{ name: "web2", image: "debian-13", size: "small" }`);
    const plan = await project.run("plan", "--server", "web2");
    expect(plan.stdout, story(plan)).toContain(
      "boss, which takes no part, would get hosts entries and openings for web2.",
    );
    const up = await project.run("up", "--yes", "--json", "--server", "web2");
    expect(up.status, story(up)).toBe(0);
    expect(await knownToMaster("web2")).toBe(true);
    expect(up.events).toContainEqual(
      expect.objectContaining({ type: "phase-ended", server: "boss", phase: "secure" }),
    );
    const told = up.events.flatMap((event) => (event.type === "note" ? [event.text] : []));
    expect(told.join("\n")).toContain("web1 took no part");
    expect((await project.onServer("web1", "getent hosts web2")).status).not.toBe(0);
    const again = await project.run("up", "--yes", "--json", "--server", "web2");
    expect(again.status, story(again)).toBe(0);
    expect(again.events.filter(({ type }) => type === "note" || type === "access")).toEqual([]);
  });

  it("up --server lets the next one in, too, from a computer that knows nothing of an earlier run", async () => {
    await addServers(`{ name: "web3", image: "debian-12", size: "small" }`);
    const own = join(project.directory, ".bootmachine");
    await rename(own, `${own}-kept`);
    const up = await project.run("up", "--yes", "--json", "--server", "web3");
    expect(up.status, story(up)).toBe(0);
    expect(await knownToMaster("web3")).toBe(true);
    await rm(own, { recursive: true });
    await rename(`${own}-kept`, own);
  });

  it("a master of which more than the members differs from the config is left alone, which is said", async () => {
    const before = await readFile(config(), "utf8");
    await writeFile(config(), before.replace("users: [", 'users: [{ name: "grace" }, '));
    web3 = await addressOf("web3");
    const gone = await project.run("destroy", "--yes", "--json", "--server", "web3");
    expect(gone.status, story(gone)).toBe(0);
    expect(gone.events).toContainEqual(
      expect.objectContaining({ type: "note", level: "warning", server: "boss" }),
    );
    expect(gone.events.filter(({ type }) => type === "access")).toEqual([]);
    expect(await knownToMaster("web3")).toBe(true);
    await writeFile(config(), before.replace(/, \{ name: "web3".*?\}/u, ""));
  });

  it("the address of a server that is destroyed is let in at the master no more", async () => {
    const addresses = [await addressOf("web2"), web3];
    const gone = await project.run("destroy", "--yes", "--json", "--server", "web2");
    expect(gone.status, story(gone)).toBe(0);
    expect(gone.events).toContainEqual(
      expect.objectContaining({ type: "phase-ended", server: "boss", phase: "secure" }),
    );
    const rules = await project.onServer("boss", "nft list table inet bootmachine; cat /etc/hosts");
    for (const address of addresses) expect(rules.stdout).not.toContain(address);
    expect(rules.stdout).toContain(await addressOf("web1"));
    const before = await readFile(config(), "utf8");
    await writeFile(config(), before.replace(/, \{ name: "web2".*?\}/u, ""));
  });

  it("a reboot that the tool asks for, and that was cut off, is made by the next up, once", async () => {
    await writeFile(join(project.directory, "states/reboot"), "web1\n");
    // The service of the automatic upgrades holds a reboot back for some seconds: it would come when it is allowed again.
    const masked = await project.onServer(
      "web1",
      "systemctl stop --quiet unattended-upgrades.service; systemctl mask --runtime --quiet reboot.target",
    );
    expect(masked.status).toBe(0);
    const asked = (event: FleetEvent): boolean =>
      event.type === "step" && event.server === "web1" && event.text === TOY_REBOOT;
    const cut = project.start(["up", "--yes", "--json"], {
      onEvent: (event, { pid }) => {
        if (asked(event) && pid !== undefined) process.kill(-pid, "SIGKILL");
      },
    });
    expect(await cut.result).toMatchObject({ signal: "SIGKILL" });
    // If it was told to go down, it has tried by then, however busy it is.
    await project.onServer(
      "web1",
      "sleep 5; while pgrep -f '[s]ystemctl --no-block reboot' >/dev/null; do sleep 1; done; sleep 1; systemctl unmask --runtime --quiet reboot.target",
    );
    const start = "cut -d ' ' -f 22 /proc/1/stat";
    const before = await project.onServer("web1", start);
    expect(before.status).toBe(0);
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, story(up)).toBe(0);
    expect(up.events.filter(asked)).toHaveLength(1);
    expect(up.events.filter((event) => event.type === "resource" && event.tool === "toy")).toEqual(
      [],
    );
    expect((await project.onServer("web1", start)).stdout).not.toBe(before.stdout);
    const again = await project.run("up", "--yes");
    expect(again.stdout, story(again)).toContain("nothing to change");
  });

  it("destroying a server takes its key from the master", async () => {
    const result = await project.run("destroy", "--yes", "--server", "web1");
    expect(result.status, story(result)).toBe(0);
    expect(await agents()).toEqual(["web1 missing", "boss accepted"]);
  });

  it("a server that cannot be made loses the trust that was left of an earlier one", async () => {
    await project.onServer("boss", "echo 0123 >/etc/toy/accepted/web1");
    expect(await agents()).toEqual(["web1 accepted", "boss accepted"]);
    const text = await readFile(config(), "utf8");
    const image = join(project.directory, "broken-image.tar");
    await writeFile(image, "no archive");
    await writeFile(config(), text.replace("debian-12", image));
    const up = await project.run("up", "--yes", "--json");
    expect(up.status, story(up)).toBe(1);
    expect(up.stdout).toContain("IMAGE_BUILD_FAILED");
    expect(await agents()).toEqual(["web1 missing", "boss accepted"]);
    // Before the master is proved, which holds for the members alone.
    const seen = up.events.flatMap((event) =>
      event.type === "check" && event.check.id === "configurator-accepted"
        ? [event.check.status]
        : [],
    );
    expect(seen).toEqual(["passed"]);
  });
});
