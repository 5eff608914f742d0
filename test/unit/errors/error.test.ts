import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";

import { describe, expect, test } from "vitest";

import type * as errors from "../../../src/errors/error.ts";
import { exitStatusOf, toBootmachineError, UserError } from "../../../src/errors/error.ts";

async function thrownBy(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work();
  } catch (thrown) {
    return thrown;
  }
  throw new Error("nothing was thrown");
}

describe("toBootmachineError", () => {
  // Linux has a device that is always full.
  test.runIf(process.platform === "linux")("takes a full disk for no defect of ours", async () => {
    const error = toBootmachineError(await thrownBy(() => writeFile("/dev/full", "text")));
    expect(error).toMatchObject({ code: "DISK_FULL", kind: "computer" });
    expect(error.message).toContain("no space left");
    expect(exitStatusOf(error)).toBe(1);
  });

  test.runIf(process.platform === "linux")("nor a place that cannot be written", async () => {
    // Nobody makes files there, root neither.
    const error = toBootmachineError(await thrownBy(() => mkdtemp("/sys/kernel/bootmachine-")));
    expect(error.code).toBe("FILE_UNWRITABLE");
    expect(error.message).toContain("/sys/kernel/bootmachine-");
  });

  test("knows an error of another copy of the package", async () => {
    // The program from one installation, the plug-ins of the config from another.
    const another = "../../../src/errors/error.ts?another-copy";
    const copy = (await import(another)) as typeof errors;
    expect(copy.UserError).not.toBe(UserError);
    const problems = [{ path: "provider", message: "is wrong" }];
    const user = new copy.UserError("IMAGE_UNKNOWN", "no such image", { problems });
    expect(toBootmachineError(user).toRecord()).toEqual(
      new UserError("IMAGE_UNKNOWN", "no such image", { problems }).toRecord(),
    );
    expect(exitStatusOf(toBootmachineError(user))).toBe(2);
    const refused = new copy.RefusedError("NOT_CONFIRMED", "no");
    expect(exitStatusOf(toBootmachineError(refused))).toBe(3);
    const lookalike = Object.assign(new Error("x"), { code: "ENOENT", kind: "user" });
    expect(toBootmachineError(lookalike).code).toBe("INTERNAL");
  });

  test("but every other failure of a system call", async () => {
    const missing = await thrownBy(() => readFile("/nowhere/at/all"));
    expect(toBootmachineError(missing).code).toBe("INTERNAL");
    const refused = await thrownBy(
      () =>
        new Promise((_resolve, reject) => {
          createConnection({ host: "127.0.0.1", port: 1 }).on("error", reject);
        }),
    );
    expect(toBootmachineError(refused).code).toBe("INTERNAL");
  });
});
