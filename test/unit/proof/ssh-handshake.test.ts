import { createServer, type Server } from "node:net";
import * as fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import {
  type KexOffer,
  parseKexInit,
  readHandshake,
  shakeHands,
} from "../../../src/proof/ssh-handshake.ts";
import { findWeakAlgorithms } from "../../../src/proof/weak-algorithms.ts";

const OFFER: KexOffer = {
  kex: ["sntrup761x25519-sha512@openssh.com", "curve25519-sha256", "kex-strict-s-v00@openssh.com"],
  hostKeys: ["ssh-ed25519"],
  ciphers: ["chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com"],
  macs: ["hmac-sha2-512-etm@openssh.com"],
};

function nameList(names: readonly string[]): Buffer {
  const text = Buffer.from(names.join(","), "ascii");
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text]);
}

function kexInit(offer: KexOffer): Buffer {
  return Buffer.concat([
    Buffer.from([20]),
    Buffer.alloc(16, 7),
    ...[offer.kex, offer.hostKeys, offer.ciphers, offer.ciphers, offer.macs, offer.macs].map(
      nameList,
    ),
    nameList(["none"]),
    nameList(["none"]),
    nameList([]),
    nameList([]),
    Buffer.alloc(5),
  ]);
}

function packet(payload: Buffer): Buffer {
  const padding = Buffer.alloc(8, 1);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(1 + payload.length + padding.length);
  head.writeUInt8(padding.length, 4);
  return Buffer.concat([head, payload, padding]);
}

function greeting(banner: string, offer = OFFER): Buffer {
  return Buffer.concat([Buffer.from(`${banner}\r\n`), packet(kexInit(offer))]);
}

const BANNER = "SSH-2.0-OpenSSH_9.2p1 Debian-2";

describe("readHandshake", () => {
  it("reads the version line and the offer", () => {
    expect(readHandshake(greeting(BANNER))).toEqual({ kind: "ssh", banner: BANNER, offer: OFFER });
  });

  it("passes over lines before the version line", () => {
    expect(readHandshake(greeting(`Welcome\r\nto the host\r\n${BANNER}`))).toMatchObject({
      kind: "ssh",
      banner: BANNER,
    });
  });

  it("asks for more at every cut, and never claims less than is there", () => {
    const whole = greeting(BANNER);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length - 1 }), (cut) => {
        expect(readHandshake(whole.subarray(0, cut)).kind).toBe("more");
      }),
    );
  });

  it("does not throw on anything", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        readHandshake(Buffer.concat([Buffer.from(`${BANNER}\r\n`), bytes]));
        readHandshake(Buffer.from(bytes));
      }),
    );
  });

  it("recognises a host that turns us away", () => {
    expect(readHandshake(Buffer.from("Not allowed at this time\r\n"))).toEqual({
      kind: "turned-away",
    });
  });

  it("refuses a packet of an impossible length", () => {
    const bad = Buffer.concat([Buffer.from(`${BANNER}\r\n`), Buffer.from("HTTP/1.1 400")]);
    expect(readHandshake(bad)).toMatchObject({ kind: "failed" });
  });
});

describe("parseKexInit", () => {
  it("refuses a payload that is cut short", () => {
    expect(() => parseKexInit(kexInit(OFFER).subarray(0, 40))).toThrow(RangeError);
  });
  it("refuses another message", () => {
    expect(() => parseKexInit(Buffer.from([21, 0, 0]))).toThrow(RangeError);
  });
});

describe("shakeHands", () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  async function serve(onConnection: Parameters<typeof createServer>[1]): Promise<number> {
    const server = createServer(onConnection);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return address.port;
  }
  const options = { timeoutMs: 5000, signal: new AbortController().signal };

  it("reads the offer of a server that sends it after our version line", async () => {
    const port = await serve((socket) => {
      socket.on("error", () => undefined);
      socket.write(`${BANNER}\r\n`);
      socket.once("data", () => socket.write(packet(kexInit(OFFER))));
    });
    expect(await shakeHands("127.0.0.1", port, options)).toMatchObject({
      kind: "ssh",
      offer: OFFER,
    });
  });

  it("says so when the host hangs up, and when it says nothing", async () => {
    const rude = await serve((socket) => socket.end());
    expect(await shakeHands("127.0.0.1", rude, options)).toMatchObject({
      kind: "failed",
      message: "the host hung up before its first packet",
    });
    const silent = await serve((socket) => socket.on("error", () => undefined));
    expect(await shakeHands("127.0.0.1", silent, { ...options, timeoutMs: 50 })).toMatchObject({
      kind: "failed",
      message: "no answer within 50 ms",
    });
  });
});

describe("findWeakAlgorithms", () => {
  it("finds nothing in a modern offer", () => {
    expect(findWeakAlgorithms(OFFER)).toEqual([]);
  });

  it.each([
    ["kex", "diffie-hellman-group14-sha1"],
    ["kex", "diffie-hellman-group1-sha1"],
    ["kex", "diffie-hellman-group-exchange-sha1"],
    ["hostKeys", "ssh-rsa"],
    ["hostKeys", "ssh-dss"],
    ["ciphers", "aes128-cbc"],
    ["ciphers", "3des-cbc"],
    ["ciphers", "arcfour256"],
    ["ciphers", "rijndael-cbc@lysator.liu.se"],
    ["macs", "hmac-sha1"],
    ["macs", "hmac-sha1-etm@openssh.com"],
    ["macs", "hmac-md5-96"],
    ["macs", "umac-64@openssh.com"],
  ] as const)("finds %s %s", (kind, name) => {
    const weak = findWeakAlgorithms({ ...OFFER, [kind]: [...OFFER[kind], name] });
    expect(weak).toHaveLength(1);
    expect(weak[0]).toContain(name);
  });

  it.each([
    ["kex", "diffie-hellman-group14-sha256"],
    ["kex", "diffie-hellman-group16-sha512"],
    ["kex", "ecdh-sha2-nistp256"],
    ["hostKeys", "rsa-sha2-512"],
    ["ciphers", "aes256-ctr"],
    ["macs", "umac-128-etm@openssh.com"],
    ["macs", "hmac-sha2-256"],
  ] as const)("takes %s %s", (kind, name) => {
    expect(findWeakAlgorithms({ ...OFFER, [kind]: [...OFFER[kind], name] })).toEqual([]);
  });

  it("finds chacha20 without the strict key exchange", () => {
    expect(findWeakAlgorithms({ ...OFFER, kex: ["curve25519-sha256"] })).toEqual([
      "cipher chacha20-poly1305 without strict key exchange",
    ]);
  });
});
