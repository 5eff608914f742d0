import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";

import { formatPublicKey, isSameKey, parsePublicKey } from "../../../src/stack/public-key.ts";
import { KEY, makeDirectory, makeKeyPair, OTHER_KEY } from "./support/config-directory.ts";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const reasonOf = (line: string): string => {
  const parsed = parsePublicKey(line);
  return parsed.ok ? "" : parsed.reason;
};

/** An RFC 4253 key blob. */
const blob = (...fields: readonly (string | Buffer)[]): string =>
  Buffer.concat(
    fields.flatMap((field) => {
      const bytes = typeof field === "string" ? Buffer.from(field) : field;
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  ).toString("base64");

const BODY = KEY.split(" ")[1] ?? "";

describe("keys that ssh-keygen makes", () => {
  let directory: string;
  beforeAll(() => {
    directory = makeDirectory();
  });
  it.each(["ed25519", "ecdsa", "rsa"])("%s is taken", (type) => {
    const line = makeKeyPair(directory, `id_${type}`, { type });
    const parsed = parsePublicKey(line);
    expect(parsed.ok && formatPublicKey(parsed.key)).toBe(line);
  });
  it("ecdsa on its other curves is taken", () => {
    for (const bits of ["384", "521"]) {
      const file = join(directory, `ecdsa${bits}`);
      execFileSync("ssh-keygen", ["-q", "-t", "ecdsa", "-b", bits, "-N", "", "-f", file]);
      expect(reasonOf(readFileSync(`${file}.pub`, "utf8").trim())).toBe("");
    }
  });
  it("a short RSA key is refused", () => {
    const file = join(directory, "short");
    execFileSync("ssh-keygen", ["-q", "-t", "rsa", "-b", "1024", "-N", "", "-f", file]);
    expect(reasonOf(readFileSync(`${file}.pub`, "utf8"))).toBe(
      "it is an RSA key of 1024 bits; 2048 is the least",
    );
  });
  it("a private key is told apart, and nothing of it is repeated", () => {
    makeKeyPair(directory, "private");
    const text = readFileSync(join(directory, "private"), "utf8");
    const parsed = parsePublicKey(text);
    expect(parsed).toMatchObject({ ok: false, reason: "this is a PRIVATE key" });
    const secret = text.split("\n")[2] ?? "";
    expect(secret.length).toBeGreaterThan(20);
    expect(JSON.stringify(parsed)).not.toContain(secret);
  });
});

describe("lines of authorized_keys", () => {
  it("may begin with options", () => {
    const options = 'from="10.0.0.0/8,::1",command="echo \\"hi there\\"",no-pty';
    const parsed = parsePublicKey(`${options} ${KEY}`);
    expect(parsed.ok && parsed.key).toMatchObject({
      options,
      type: "ssh-ed25519",
      comment: "ada@laptop",
    });
    expect(parsed.ok && formatPublicKey(parsed.key)).toBe(`${options} ${KEY}`);
  });
  it("security keys are taken", () => {
    const application = "ssh:";
    const ed = blob("sk-ssh-ed25519@openssh.com", Buffer.alloc(32), application);
    expect(reasonOf(`sk-ssh-ed25519@openssh.com ${ed}`)).toBe("");
    const point = Buffer.concat([Buffer.from([4]), Buffer.alloc(64)]);
    const ec = blob("sk-ecdsa-sha2-nistp256@openssh.com", "nistp256", point, application);
    expect(reasonOf(`sk-ecdsa-sha2-nistp256@openssh.com ${ec}`)).toBe("");
  });
  it.each([
    ["", "no key type was found"],
    ["hello", "no key type was found"],
    ["ssh-dss AAAAB3NzaC1kc3MAAACB", "DSA keys"],
    ["ssh-ed448 AAAA", "its key type is not known"],
    ["ssh-ed25519", "the key itself is missing"],
    ["ssh-ed25519 not*base64", "its base64 text does not decode"],
    [`ssh-ed25519 ${BODY.slice(0, -8)}`, "the key is cut short"],
    [`ssh-rsa ${BODY}`, "the key inside is of another type"],
    [`ssh-ed25519 ${blob("ssh-ed25519", Buffer.alloc(31))}`, "its key is not 32 bytes long"],
    [
      `ecdsa-sha2-nistp256 ${blob("ecdsa-sha2-nistp256", "nistp384", Buffer.alloc(65, 4))}`,
      "its curve or point",
    ],
    [`ssh-ed25519-cert-v01@openssh.com ${BODY}`, "this is a certificate"],
    [`command="oops ${KEY}`, "a quote in its options is never closed"],
    [`${KEY}\n${OTHER_KEY}`, "a key is one line"],
    [`ssh-ed25519 ${BODY}\u0000x`, "the line holds control characters"],
  ])("refuses %j", (line, reason) => {
    expect(reasonOf(line)).toContain(reason);
  });
  it("sameness is that of the key, not of comments", () => {
    const a = parsePublicKey(KEY);
    const b = parsePublicKey(`no-pty ssh-ed25519 ${BODY} other comment`);
    const c = parsePublicKey(OTHER_KEY);
    expect(a.ok && b.ok && isSameKey(a.key, b.key)).toBe(true);
    expect(a.ok && c.ok && isSameKey(a.key, c.key)).toBe(false);
  });
  it("never throws, and what it takes can be written and read again", () => {
    const types = fc.constantFrom("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ssh-dss", "x");
    const near = fc
      .tuple(types, fc.base64String(), fc.string())
      .map(([type, body, comment]) => `${type} ${body} ${comment}`);
    const built = fc
      .tuple(types, fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 }))
      .map(
        ([type, fields]) => `${type} ${blob(type, ...fields.map((field) => Buffer.from(field)))}`,
      );
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), near, built), (line) => {
        const parsed = parsePublicKey(line);
        if (!parsed.ok) return;
        const again = parsePublicKey(formatPublicKey(parsed.key));
        expect(again.ok && isSameKey(again.key, parsed.key)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
