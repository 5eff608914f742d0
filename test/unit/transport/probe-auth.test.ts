import { describe, expect, it } from "vitest";
import { readAuthDebug } from "../../../src/transport/probe-auth.ts";

const HEAD = `OpenSSH_9.2p1 Debian-2+deb12u10, OpenSSL 3.0.17
debug1: Connecting to 10.0.0.9 [10.0.0.9] port 2849.
debug1: Server host key: ssh-ed25519 SHA256:ezQXax0xiDAQdblXpisRBmTffMpkp3Kut6ViDjY8zAc
`;

describe("readAuthDebug", () => {
  it("reads a log-in that was granted, with the methods that were offered before", () => {
    expect(
      readAuthDebug(`${HEAD}debug1: Authentications that can continue: publickey,password
debug1: Next authentication method: publickey
Authenticated to 10.0.0.9 ([10.0.0.9]:2849) using "publickey".
`),
    ).toEqual({
      outcome: "granted",
      methods: ["publickey", "password"],
      hostKey: "ssh-ed25519 SHA256:ezQXax0xiDAQdblXpisRBmTffMpkp3Kut6ViDjY8zAc",
      message: "",
    });
  });

  it("reads a log-in that asked for no proof at all", () => {
    const text = `${HEAD}Authenticated to 10.0.0.9 ([10.0.0.9]:2849) using "none".\n`;
    expect(readAuthDebug(text)).toMatchObject({ outcome: "granted", methods: ["none"] });
  });

  it("reads a refusal", () => {
    expect(
      readAuthDebug(`${HEAD}debug1: Authentications that can continue: publickey
debug1: No more authentication methods to try.
root@10.0.0.9: Permission denied (publickey).\r
`),
    ).toMatchObject({
      outcome: "denied",
      methods: ["publickey"],
      message: "root@10.0.0.9: Permission denied (publickey).",
    });
    expect(
      readAuthDebug(`${HEAD}debug1: Authentications that can continue: publickey
Received disconnect from 10.0.0.9 port 2849:2: Too many authentication failures
`).outcome,
    ).toBe("denied");
  });

  it("tells another key, a host that turns us away, and no host from each other", () => {
    expect(
      readAuthDebug(`${HEAD}@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
Host key verification failed.
`).outcome,
    ).toBe("host-key-mismatch");
    expect(
      readAuthDebug(`debug1: kex_exchange_identification: banner line 0: Not allowed at this time
kex_exchange_identification: Connection closed by remote host
`).outcome,
    ).toBe("turned-away");
    expect(
      readAuthDebug("ssh: connect to host 10.0.0.9 port 2849: Connection refused\r\n"),
    ).toMatchObject({
      outcome: "unreachable",
      methods: [],
      hostKey: undefined,
      message: "ssh: connect to host 10.0.0.9 port 2849: Connection refused",
    });
  });
});
