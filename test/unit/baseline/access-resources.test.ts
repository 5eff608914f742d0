import { describe, expect, it } from "vitest";
import { accessPaths, accessUsers } from "../../../src/baseline/access-paths.ts";
import { accessResources, firewallOpenings } from "../../../src/baseline/access-resources.ts";
import { ansible } from "../../../src/configurators/ansible/ansible.ts";
import { none } from "../../../src/configurators/none.ts";
import type { BaselineContext } from "../../../src/baseline/context.ts";
import { groundResources } from "../../../src/baseline/ground-resources.ts";
import {
  contextFixture,
  factsFixture,
  RELEASE_NAMES,
  serverFixture,
  userFixture,
} from "../../golden/baseline/fixture.ts";

function settings(context: BaselineContext, form: "beside" | "final", keyword: string) {
  const resource = accessResources(context, form).find(({ type }) => type === "ssh-server");
  if (resource?.type !== "ssh-server") throw new Error("there is no ssh server");
  return resource.settings.filter(([name]) => name === keyword).map(([, value]) => value);
}

describe("the way in", () => {
  const context = contextFixture("12");
  it("is open beside the old one: both ports, both users", () => {
    expect(settings(context, "beside", "Port")).toEqual(["2849", "22"]);
    expect(settings(context, "beside", "AllowUsers")).toEqual(["ada deploy root"]);
    expect(settings(context, "beside", "PermitRootLogin")).toEqual(["prohibit-password"]);
    expect(firewallOpenings(context, "beside").map(({ port }) => port)).toContain(22);
    expect(accessResources(context, "beside")).not.toContainEqual(
      expect.objectContaining({ type: "authorized-keys", user: "root" }),
    );
  });
  it("is the only one at the end: users with keys alone, root's keys gone", () => {
    expect(settings(context, "final", "Port")).toEqual(["2849"]);
    expect(settings(context, "final", "AllowUsers")).toEqual(["ada deploy"]);
    expect(settings(context, "final", "PermitRootLogin")).toEqual(["no"]);
    expect(firewallOpenings(context, "final").map(({ port }) => port)).not.toContain(22);
    expect(accessResources(context, "final")).toContainEqual({
      type: "authorized-keys",
      user: "root",
      keys: [],
    });
  });
  it("takes the keys of the image's own user, and of nobody who is declared", () => {
    const keyless = (arrivalUser: string) =>
      accessResources(contextFixture("12", { arrivalUser }), "final").flatMap((resource) =>
        resource.type === "authorized-keys" && resource.keys.length === 0 ? [resource.user] : [],
      );
    // "mail" is declared without keys.
    expect(keyless("debian")).toEqual(["mail", "root", "debian"]);
    expect(keyless("ada")).toEqual(["mail", "root"]);
  });
  it("names a port once when it stays", () => {
    const again = contextFixture("12", { arrivalPort: 2849, arrivalUser: "ada" });
    expect(settings(again, "beside", "Port")).toEqual(["2849"]);
    expect(settings(again, "beside", "PermitRootLogin")).toEqual(["no"]);
  });
  it.each([2849, "2849", "2840-2850", "2849-2860", "2800-2849"])(
    "is narrowed where the config says from where the operator comes (%s)",
    (port) => {
      const server = serverFixture({
        firewall: [{ port, protocol: "tcp", from: ["192.0.2.7"], roles: [] }],
      });
      expect(firewallOpenings(contextFixture("12", { server }), "final")).toEqual([
        { port, protocol: "tcp", from: ["192.0.2.7"] },
      ]);
    },
  );
  it.each([
    ["2850-2860", "tcp"],
    ["2840-2848", "tcp"],
    ["2840-2850", "udp"],
  ] as const)(
    "stays open to all beside an opening for something else (%s, %s)",
    (port, protocol) => {
      const server = serverFixture({
        firewall: [{ port, protocol, from: ["192.0.2.7"], roles: [] }],
      });
      expect(firewallOpenings(contextFixture("12", { server }), "final")).toContainEqual({
        port: 2849,
        protocol: "tcp",
        from: "anywhere",
        comment: "ssh",
      });
    },
  );
  it.each([
    ["the operator's address", ["192.0.2.7"], ["10.0.0.12", "fd00::12"]],
    ["a block that the master is in", ["10.0.0.0/24"], ["fd00::12"]],
    ["addresses with the master's among them", ["192.0.2.7", "10.0.0.12", "fd00::12"], undefined],
  ])("narrowed to %s, it is open to a master that pushes as well", (_, from, more) => {
    const server = serverFixture({
      firewall: [{ port: 2849, protocol: "tcp", from, roles: [] }],
    });
    const pushed = contextFixture("12", { server });
    const context = {
      ...pushed,
      stack: { ...pushed.stack, configurator: ansible({}), master: "db1" },
    };
    for (const form of ["beside", "final"] as const) {
      const added = firewallOpenings(context, form).filter(
        ({ comment }) => comment === "ssh, from the master",
      );
      expect(added, form).toEqual(
        more === undefined
          ? []
          : [{ port: 2849, protocol: "tcp", from: more, comment: "ssh, from the master" }],
      );
    }
    // An agent pulls, and the master itself is not logged in to.
    for (const stack of [
      { ...context.stack, configurator: none() },
      { ...context.stack, configurator: ansible({ from: "controller" }) },
      { ...context.stack, master: server.name },
    ]) {
      expect(firewallOpenings({ ...context, stack }, "final")).toEqual([
        { port: 2849, protocol: "tcp", from },
      ]);
    }
  });
  it("opens the stack's ports for its members, and not at all while none is known", () => {
    const opening = (members: BaselineContext["members"]) =>
      firewallOpenings(contextFixture("12", { members }), "final").find(
        ({ port }) => port === 5432,
      );
    expect(opening(context.members)?.from).toEqual(["10.0.0.11", "10.0.0.12", "fd00::12"]);
    expect(opening([])).toBeUndefined();
  });
  it.each(RELEASE_NAMES)(
    "takes RSA keys with SHA-2 alone, of hosts and users, on Debian %s",
    (release) => {
      const context = contextFixture(release);
      const users = release === "11" ? "PubkeyAcceptedKeyTypes" : "PubkeyAcceptedAlgorithms";
      for (const keyword of ["HostKeyAlgorithms", users]) {
        const types = settings(context, "final", keyword).join(",").split(",");
        expect(types).toContain("rsa-sha2-512");
        expect(types.filter((type) => /^ssh-(rsa|dss)/u.test(type))).toEqual([]);
      }
    },
  );
  it.each([
    ["11", false, false],
    ["12", true, false],
    ["13", true, true],
  ] as const)(
    "offers post-quantum key exchange on Debian %s as far as it goes",
    (release, sntrup, mlkem) => {
      const [kex] = settings(contextFixture(release), "final", "KexAlgorithms");
      expect([kex?.includes("sntrup761"), kex?.startsWith("mlkem768")]).toEqual([sntrup, mlkem]);
    },
  );
});

describe("the accounts that may log in", () => {
  const ACCOUNT_TYPES = new Set(["user", "authorized-keys", "sudo-rule"]);
  const accountsOf = (context: BaselineContext, form: "beside" | "final") =>
    accessResources(context, form).flatMap((resource) =>
      resource.type === "user" ? [resource.name] : [],
    );

  it("are changed by the access change alone, before sshd and the firewall", () => {
    const context = contextFixture("12");
    expect(groundResources(context).filter(({ type }) => ACCOUNT_TYPES.has(type))).toEqual([]);
    for (const form of ["beside", "final"] as const) {
      const types = accessResources(context, form).map(({ type }) => type);
      expect(accountsOf(context, form)).toEqual(["ada", "deploy", "mail"]);
      expect(types.indexOf("user")).toBeLessThan(types.indexOf("ssh-server"));
    }
  });
  it("stay as they are beside the new way where one of them is the old one", () => {
    const byDeploy = contextFixture("12", { arrivalUser: "deploy" });
    expect(accountsOf(byDeploy, "beside")).toEqual(["ada", "mail"]);
    expect(accountsOf(byDeploy, "final")).toEqual(["ada", "deploy", "mail"]);
    // The operator's own account cannot be both.
    const byAda = contextFixture("12", { arrivalUser: "ada" });
    expect(accountsOf(byAda, "beside")).toEqual(["ada", "deploy", "mail"]);
  });
  it("are put back: lines of the account tables, keys and sudo rules", () => {
    const context = contextFixture("12", { arrivalUser: "debian" });
    expect(accessUsers(context)).toEqual(["root", "debian", "ada", "deploy", "mail"]);
    expect(accessPaths(context)).toEqual(
      // The whole directory of sshd's drop-ins: what is taken out of other people's files is put back as well.
      expect.arrayContaining([
        "/etc/ssh/sshd_config.d",
        "/etc/sudoers.d",
        "/var/lib/bootmachine/users",
      ]),
    );
  });
  it("have the operator's shell looked for before they are touched", () => {
    const withShell = (name: string): BaselineContext => {
      const context = contextFixture("12");
      const users = [userFixture("ada"), userFixture("bob")].map((user) =>
        user.name === name ? { ...user, shell: "/bin/zsh" } : user,
      );
      return { ...context, stack: { ...context.stack, users } };
    };
    const [first] = accessResources(withShell("ada"), "beside");
    expect(first?.type === "command" ? [first.check, first.run] : []).toEqual([
      "[ -x /bin/zsh ] || { printf '%s\\n' 'there is no /bin/zsh on this host, and without it ada cannot log in: install it first, or declare another shell'; false; }",
      undefined,
    ]);
    // Another user's shell may come later, by the configurator.
    expect(accessResources(withShell("bob"), "beside")[0]).toMatchObject({ type: "user" });
  });
  it("give the operator sudo without a password, and nobody sudo who has none", () => {
    const rules = accessResources(contextFixture("12"), "final").filter(
      ({ type }) => type === "sudo-rule",
    );
    expect(rules).toEqual([
      { type: "sudo-rule", name: "bootmachine-ada", rules: ["ada ALL=(ALL:ALL) NOPASSWD: ALL"] },
      { type: "sudo-rule", name: "bootmachine-deploy", rules: [], state: "absent" },
      { type: "sudo-rule", name: "bootmachine-mail", rules: [], state: "absent" },
    ]);
  });
});

describe("what a restore puts back", () => {
  it.each([[], ["ufw"], ["firewalld"]] as const)(
    "holds every file of the change, none inside another (%s)",
    (...names) => {
      const context = contextFixture("12", {
        facts: factsFixture("12", { activeFirewalls: names }),
      });
      const paths = accessPaths(context);
      expect(paths).toContain("/etc/ssh/sshd_config.d");
      expect(paths).toContain(
        names[0] === undefined ? "/etc/nftables.d/bootmachine.nft" : `/etc/${names[0]}`,
      );
      for (const path of paths) {
        expect(paths.some((other) => other !== path && path.startsWith(`${other}/`))).toBe(false);
      }
    },
  );
});

describe("the ground", () => {
  it("makes the groups in which the users of the access change will be", () => {
    const ids = groundResources(contextFixture("12")).flatMap((resource) =>
      resource.type === "group" ? [resource.name] : [],
    );
    expect(ids).toEqual(["ops", "deploy"]);
  });
  it("makes no second group for a user whose gid is a declared group's", () => {
    const context = contextFixture("12");
    const users = [
      userFixture("ada", { gid: 1500 }),
      userFixture("bob", { gid: 1500 }),
      userFixture("eve", { gid: 1600 }),
    ];
    const shared = { ...context, stack: { ...context.stack, users } };
    expect(groundResources(shared).filter(({ type }) => type === "group")).toEqual([
      { type: "group", name: "ops", gid: 1500 },
      { type: "group", name: "eve", gid: 1600 },
    ]);
    expect(
      accessResources(shared, "final").flatMap((resource) =>
        resource.type === "user" ? [[resource.name, resource.primaryGroup]] : [],
      ),
    ).toEqual([
      ["ada", "ops"],
      ["bob", "ops"],
      ["eve", "eve"],
    ]);
  });
});
