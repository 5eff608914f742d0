import { expect, it } from "vitest";
import { changeAccess } from "../../../src/baseline/access-change.ts";
import {
  DISARM_SCRIPT,
  END_DISARM_SCRIPT,
  STATE_SCRIPT,
} from "../../../src/baseline/access-scripts.ts";
import { TransportError } from "../../../src/errors/error.ts";
import type { Host } from "../../../src/host/host.ts";
import { contextFixture, factsFixture, serverFixture } from "../../golden/baseline/fixture.ts";

const lost = () =>
  new TransportError("DISCONNECTED", "the link broke", { server: "web1", hint: "Try again." });

/** A host whose answer to "disarm" is lost, and the way to which comes back after the limit. */
function change(wasDisarmed: boolean) {
  const context = contextFixture("12", {
    server: serverFixture({ ssh: { ...serverFixture().ssh, rollbackMs: 1 } }),
  });
  let state: "none" | "armed" | "restored" = "none";
  let isCut = false;
  const closed: Host[] = [];
  const answer = (stdout = "", status = 0) => ({ stdout, stderr: "", status });
  const makeHost = (user: string, port: number, isFresh: () => boolean): Host => {
    const host = {
      server: "web1",
      target: { server: "web1", address: "192.0.2.7", user, port },
      facts: factsFixture("12"),
      run: (script: string) => {
        if (isCut && !isFresh()) return Promise.reject(lost());
        if (script === STATE_SCRIPT) return Promise.resolve(answer(state));
        if (script === END_DISARM_SCRIPT) return Promise.resolve(answer("", wasDisarmed ? 0 : 3));
        if (script === DISARM_SCRIPT) {
          isCut = true;
          state = wasDisarmed ? "none" : "restored";
          return Promise.reject(lost());
        }
        if (script.endsWith("echo armed")) {
          state = "armed";
          return Promise.resolve(answer("armed"));
        }
        return Promise.resolve(answer());
      },
      runProgram: () => Promise.resolve({ status: 0, resources: [] }),
      close: () => {
        closed.push(host);
        return Promise.resolve();
      },
    } as unknown as Host;
    return host;
  };
  const old = makeHost("root", 22, () => false);
  const done = changeAccess({
    context,
    host: old,
    openNewWay: () => {
      const isAfter = isCut;
      return Promise.resolve(makeHost("ada", 2849, () => isAfter));
    },
    openOldWay: () =>
      wasDisarmed ? Promise.reject(lost()) : Promise.resolve(makeHost("root", 22, () => true)),
    emit: () => undefined,
    signal: new AbortController().signal,
  });
  return { done, closed, old };
}

it("is complete when only the answer to disarm was lost", async () => {
  const { done, closed, old } = change(true);
  const host = await done;
  expect(host.target.port).toBe(2849);
  expect(closed).toContain(old);
  expect(closed).not.toContain(host);
});

it("has gone back when disarm never arrived, though the new way answers", async () => {
  const { done, closed, old } = change(false);
  await expect(done).rejects.toMatchObject({ code: "ACCESS_ROLLED_BACK" });
  expect(closed).not.toContain(old);
});
