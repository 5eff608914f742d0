import { expect, it } from "vitest";

import { inSimulatedProject } from "./simulated-project.ts";

it("a machine that the provider makes in the place of a failed one is new: the others are not told of it, and that is said", async () => {
  await inSimulatedProject(["web1", "db1"], { onError: "replace" }, async (cloud, run) => {
    await run("boot", "--yes");
    const [failed] = cloud.project.servers;
    if (failed === undefined) throw new Error("nothing was made");
    Object.assign(failed, { status: "ERROR", settlesTo: "ERROR", launchedAt: null });
    const name = failed.name.replace("shop.", "");
    const other = name === "web1" ? "db1" : "web1";
    expect(await run("plan", "--server", name)).toContain(
      "the provider's options say whether it is kept or replaced",
    );
    const boot = await run("boot", "--yes", "--server", name);
    expect(boot).toContain(`${other} took no part`);
    expect(boot).toContain(`learn of ${name}`);
    expect(failed.deletedAt).toBeDefined();
    expect(await run("boot", "--yes", "--server", name)).not.toContain("took no part");
  });
});
