import { describe, expect, it } from "vitest";
import {
  judgeHandshake,
  judgeHostKey,
  judgeMethods,
  judgeOperator,
  judgeRoot,
  judgeSshAnswers,
  readOperatorAnswer,
} from "../../../src/proof/judge-ssh.ts";
import type { AuthProbe } from "../../../src/transport/probe-auth.ts";

const GRANTED: AuthProbe = {
  outcome: "granted",
  methods: ["publickey"],
  hostKey: "ssh-ed25519 SHA256:abc",
  stdout: "user ada\nconnection 192.0.2.7 40000 10.0.0.9 2849\nroot 0\n",
  message: "",
  ms: 5,
};
const DENIED: AuthProbe = {
  ...GRANTED,
  outcome: "denied",
  stdout: "",
  message: "root@10.0.0.9: Permission denied (publickey).",
};

function statuses(results: readonly { readonly id: string; readonly status: string }[]) {
  return Object.fromEntries(results.map(({ id, status }) => [id, status]));
}

describe("judgeOperator", () => {
  it("passes with a shell as the operator and sudo", () => {
    expect(statuses(judgeOperator(GRANTED, "ada"))).toEqual({
      "operator-login": "passed",
      "operator-sudo": "passed",
    });
    expect(readOperatorAnswer(GRANTED).controllerAddress).toBe("192.0.2.7");
  });

  it("fails with sudo's own words", () => {
    const probe = {
      ...GRANTED,
      stdout: "user ada\nconnection \nroot sudo: a password is required\n",
    };
    expect(judgeOperator(probe, "ada")[1]).toMatchObject({
      status: "failed",
      detail: "sudo -n does not work: sudo: a password is required",
    });
    expect(readOperatorAnswer(probe).controllerAddress).toBeUndefined();
  });

  it("fails where another user answers, or nobody", () => {
    expect(judgeOperator({ ...GRANTED, stdout: "user eve\n" }, "ada")[0]).toMatchObject({
      status: "failed",
      diff: ["- ada", "+ eve"],
    });
    expect(judgeOperator({ ...GRANTED, stdout: "" }, "ada")[0]?.status).toBe("failed");
    expect(statuses(judgeOperator(DENIED, "ada"))).toEqual({
      "operator-login": "failed",
      "operator-sudo": "skipped",
    });
  });
});

describe("judgeMethods", () => {
  it("joins what the operator and root are offered", () => {
    expect(statuses(judgeMethods(GRANTED, DENIED))).toEqual({
      "ssh-password-refused": "passed",
      "ssh-keyboard-interactive-refused": "passed",
    });
    const open = { ...DENIED, methods: ["publickey", "password", "keyboard-interactive"] };
    expect(statuses(judgeMethods(GRANTED, open))).toEqual({
      "ssh-password-refused": "failed",
      "ssh-keyboard-interactive-refused": "failed",
    });
  });

  it("takes a log-in without any proof for a password that is empty", () => {
    expect(judgeMethods({ ...GRANTED, methods: ["none"] }, undefined)[0]?.status).toBe("failed");
  });

  it("claims nothing where no method was shown", () => {
    const none = { ...DENIED, outcome: "unreachable" as const, methods: [] };
    expect(judgeMethods(none, undefined)[0]?.status).toBe("skipped");
  });
});

describe("judgeRoot", () => {
  it("passes only on a refusal that was seen", () => {
    expect(judgeRoot(DENIED).status).toBe("passed");
    expect(judgeRoot(GRANTED).status).toBe("failed");
    expect(judgeRoot({ ...DENIED, outcome: "unreachable" }).status).toBe("failed");
    expect(judgeRoot({ ...DENIED, outcome: "turned-away" }).status).toBe("failed");
    expect(judgeRoot(undefined).status).toBe("skipped");
  });
});

describe("judgeHostKey", () => {
  it("fails on another key", () => {
    expect(judgeHostKey(GRANTED).status).toBe("passed");
    expect(judgeHostKey({ ...DENIED, outcome: "host-key-mismatch" }).status).toBe("failed");
    expect(judgeHostKey({ ...DENIED, outcome: "unreachable" }).status).toBe("skipped");
  });
});

describe("the handshake", () => {
  const offer = { kex: ["curve25519-sha256"], hostKeys: ["ssh-ed25519"], ciphers: [], macs: [] };
  it("wants protocol 2 and strong algorithms", () => {
    const good = { kind: "ssh", banner: "SSH-2.0-OpenSSH_9.2p1", offer } as const;
    expect(judgeSshAnswers(good, GRANTED, 2849, 1).status).toBe("passed");
    expect(judgeHandshake(good, 1).status).toBe("passed");
    const old = { ...good, banner: "SSH-1.99-OpenSSH_3" };
    expect(judgeSshAnswers(old, GRANTED, 2849, 1).status).toBe("failed");
    const weak = { ...good, offer: { ...offer, macs: ["hmac-md5"] } };
    expect(judgeHandshake(weak, 1)).toMatchObject({
      status: "failed",
      detail: "weak: mac hmac-md5",
      diff: ["+ mac hmac-md5"],
    });
    const macs = ["hmac-md5", "hmac-sha1", "umac-64@openssh.com", "hmac-md5-96"];
    expect(judgeHandshake({ ...good, offer: { ...offer, macs } }, 1).detail).toMatch(
      /^weak: mac hmac-md5, .* and 1 more$/u,
    );
    expect(judgeSshAnswers({ kind: "failed", message: "gone" }, GRANTED, 2849, 1).status).toBe(
      "failed",
    );
    expect(judgeHandshake({ kind: "turned-away" }, 1).status).toBe("skipped");
    expect(judgeHandshake(undefined, 1).status).toBe("skipped");
  });
});
