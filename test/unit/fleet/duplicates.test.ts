import { randomUUID } from "node:crypto";

import { expect, it } from "vitest";

import { inSimulatedProject } from "./simulated-project.ts";

it("a second machine of a server, of a create whose answer was lost, is shown by status and removed by the next boot", async () => {
  await inSimulatedProject(["web1"], {}, async (cloud, run) => {
    await run("boot", "--yes");
    const [first] = cloud.project.servers;
    if (first === undefined) throw new Error("nothing was made");
    const younger = new Date(Date.parse(first.created) + 1000);
    const created = younger.toISOString().replace(/\.\d+Z$/, "Z");
    // Before the first in the list, so that neither place in it decides.
    cloud.project.servers.unshift({ ...first, id: randomUUID(), portId: randomUUID(), created });
    const shown = JSON.parse(await run("status", "--json")) as {
      readonly machine: { readonly id: string };
      readonly isDuplicate?: true;
    }[];
    expect(shown.map(({ machine, isDuplicate }) => [machine.id === first.id, isDuplicate])).toEqual(
      [
        [true, undefined],
        [false, true],
      ],
    );
    expect(await run("boot", "--yes")).toContain("removing a second machine of it");
    const left = cloud.project.servers.filter(({ deletedAt }) => deletedAt === undefined);
    expect(left.map(({ id }) => id)).toEqual([first.id]);
    expect(JSON.parse(await run("status", "--json"))).toHaveLength(1);
  });
});
