import { describe, expect, test } from "vitest";

import { agentRows, renderAgents } from "../../../src/report/agents-text.ts";
import { plainStyle } from "../../../src/report/style.ts";

const about = {
  stack: "shop",
  configurator: "salt",
  master: "master",
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
  });

  test("a stranger's name cannot steer the terminal", () => {
    const rows = agentRows([{ id: "\u001B[2Jx", state: "waiting", isMember: false }], []);
    expect(renderAgents(rows, about).join("\n")).not.toContain("\u001B");
  });
});
