import { describe, expect, test } from "vitest";

import {
  classifyFailure,
  lastWords,
  shownFingerprint,
} from "../../../src/transport/classify-failure.ts";

const ALIAS = "shop.web1";

/** ssh's real words, as OpenSSH 8.4, 9.2 and 10.0 wrote them. */
const CHANGED = `@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
Someone could be eavesdropping on you right now (man-in-the-middle attack)!
It is also possible that a host key has just been changed.
The fingerprint for the ED25519 key sent by the remote host is
SHA256:+P4Dhd6SbrgbBt7v9OlXv8gtb3sGZa+dRPa2p3aGqhg.
Please contact your system administrator.
Add correct host key in /home/ada/stack/known_hosts to get rid of this message.
Offending ED25519 key in /home/ada/stack/known_hosts:1
Host key for ${ALIAS} has changed and you have requested strict checking.
Host key verification failed.
`;
const BOOTING = `System is booting up. Unprivileged users are not permitted to log in yet. Please come back later. For technical details, see pam_nologin(8).

Connection closed by 192.0.2.7 port 22
`;

describe("a direct connection", () => {
  test.each([
    ["ssh: connect to host 192.0.2.7 port 22: Connection refused", "CONNECTION_REFUSED"],
    ["ssh: connect to host 192.0.2.7 port 22: Connection timed out", "CONNECTION_TIMEOUT"],
    ["ssh: connect to host 192.0.2.7 port 22: Operation timed out", "CONNECTION_TIMEOUT"],
    [
      "Connection timed out during banner exchange\nConnection to 192.0.2.7 port 22 timed out",
      "LOGIN_TIMEOUT",
    ],
    ["ssh: connect to host 192.0.2.7 port 22: No route to host", "NO_ROUTE"],
    ["ssh: connect to host 2001:db8::1 port 22: Network is unreachable", "NO_ROUTE"],
    ["ssh: Could not resolve hostname web1.invalid: Name or service not known", "NAME_UNKNOWN"],
    [
      "ssh: Could not resolve hostname web1.invalid: nodename nor servname provided, or not known",
      "NAME_UNKNOWN",
    ],
    [
      "ssh: Could not resolve hostname web1.invalid: Temporary failure in name resolution",
      "NAME_UNKNOWN",
    ],
    [CHANGED, "HOST_KEY_MISMATCH"],
    [
      `No ED25519 host key is known for ${ALIAS} and you have requested strict checking.\nHost key verification failed.`,
      "HOST_KEY_MISMATCH",
    ],
    [
      "Unable to negotiate with 192.0.2.7 port 22: no matching host key type found. Their offer: ssh-rsa",
      "HOST_KEY_MISMATCH",
    ],
    [
      "Unable to negotiate with 192.0.2.7 port 22: no matching key exchange method found. Their offer: diffie-hellman-group1-sha1",
      "SSH_FAILED",
    ],
    ["root@192.0.2.7: Permission denied (publickey).", "KEY_REFUSED"],
    ["root@192.0.2.7: Permission denied (publickey,gssapi-keyex,gssapi-with-mic).", "KEY_REFUSED"],
    [
      "Received disconnect from 192.0.2.7 port 22:2: Too many authentication failures\nDisconnected from 192.0.2.7 port 22",
      "KEY_REFUSED",
    ],
    [
      'sign_and_send_pubkey: signing failed for ED25519 "ada" from agent: agent refused operation\nroot@192.0.2.7: Permission denied (publickey).',
      "KEY_REFUSED",
    ],
    [
      "Warning: Identity file /home/ada/.ssh/none not accessible: No such file or directory.\nno such identity: /home/ada/.ssh/none: No such file or directory\nroot@192.0.2.7: Permission denied (publickey).",
      "KEY_REFUSED",
    ],
    [BOOTING, "HOST_NOT_READY"],
    [
      "kex_exchange_identification: read: Connection reset by peer\nConnection reset by 192.0.2.7 port 22",
      "HOST_NOT_READY",
    ],
    [
      "kex_exchange_identification: Connection closed by remote host\nConnection closed by 192.0.2.7 port 22",
      "HOST_NOT_READY",
    ],
    [
      "banner exchange: Connection to 192.0.2.7 port 22: Connection reset by peer",
      "HOST_NOT_READY",
    ],
    ["Connection closed by 192.0.2.7 port 22", "HOST_NOT_READY"],
    [
      "kex_exchange_identification: banner line 0: Not allowed at this time\nkex_exchange_identification: Connection closed by remote host",
      "HOST_NOT_READY",
    ],
    ["command-line: line 0: Bad configuration option: nonsense", "SSH_FAILED"],
    ["", "SSH_FAILED"],
  ])("%j is %s", (stderr, code) => {
    const failure = classifyFailure({
      status: 255,
      stderr: `${stderr}\n`,
      stdout: "",
      alias: ALIAS,
    });
    expect(failure.code).toBe(code);
    expect(failure.atJumpHost).toBe(false);
  });

  test("an image that names its own first user is a refused user, told on standard output", () => {
    const failure = classifyFailure({
      status: 142,
      stderr: "",
      stdout: 'Please login as the user "debian" rather than the user "root".\n',
      alias: ALIAS,
    });
    expect(failure.code).toBe("KEY_REFUSED");
  });

  test("an unknown failure keeps ssh's own words", () => {
    const failure = classifyFailure({
      status: 1,
      stderr: "",
      stdout: "This account is currently not available.\n",
      alias: ALIAS,
    });
    expect(failure).toMatchObject({
      code: "SSH_FAILED",
      reason: "could not be used: This account is currently not available",
    });
  });

  test("a banner that talks of refusing does not hide the refused key", () => {
    const failure = classifyFailure({
      status: 255,
      stderr: "Access is logged.\nroot@192.0.2.7: Permission denied (publickey).\n",
      stdout: "",
      alias: ALIAS,
    });
    expect(failure.code).toBe("KEY_REFUSED");
  });
});

describe("through a jump host", () => {
  const CLOSED =
    "kex_exchange_identification: Connection closed by remote host\nConnection closed by UNKNOWN port 65535\n";
  test.each([
    [
      `Permission denied, please try again.\nada@jump: Permission denied (publickey,password).\n${CLOSED}`,
      "KEY_REFUSED",
      true,
    ],
    [`Host key verification failed.\n${CLOSED}`, "HOST_KEY_MISMATCH", true],
    [
      `No ED25519 host key is known for jump and you have requested strict checking.\nHost key verification failed.\n${CLOSED}`,
      "HOST_KEY_MISMATCH",
      true,
    ],
    [
      `ssh: connect to host 192.0.2.1 port 3: Connection refused\n${CLOSED}`,
      "CONNECTION_REFUSED",
      true,
    ],
    [
      `ssh: Could not resolve hostname jump.invalid: Name or service not known\n${CLOSED}`,
      "NAME_UNKNOWN",
      true,
    ],
    [
      `channel 0: open failed: connect failed: Connection refused\nstdio forwarding failed\n${CLOSED}`,
      "CONNECTION_REFUSED",
      false,
    ],
    [
      `channel 0: open failed: connect failed: No route to host\nstdio forwarding failed\n${CLOSED}`,
      "NO_ROUTE",
      false,
    ],
    [
      `channel 0: open failed: connect failed: Name or service not known\nstdio forwarding failed\n${CLOSED}`,
      "NAME_UNKNOWN",
      false,
    ],
    [
      `channel 0: open failed: administratively prohibited: open failed\nstdio forwarding failed\n${CLOSED}`,
      "SSH_FAILED",
      true,
    ],
    ["root@192.0.2.7: Permission denied (publickey).\n", "KEY_REFUSED", false],
    [
      "Connection timed out during banner exchange\nConnection to UNKNOWN port 65535 timed out\n",
      "CONNECTION_TIMEOUT",
      false,
    ],
    [
      "Connection timed out during banner exchange\nConnection to 198.51.100.4 port 22 timed out\nkex_exchange_identification: Connection closed by remote host\n",
      "LOGIN_TIMEOUT",
      true,
    ],
    [CHANGED, "HOST_KEY_MISMATCH", false],
  ])("%j is %s, at the jump host: %s", (stderr, code, atJumpHost) => {
    expect(
      classifyFailure({ status: 255, stderr, stdout: "", alias: ALIAS, jumpHost: "ada@jump" }),
    ).toMatchObject({ code, atJumpHost });
  });
});

test("the fingerprint that a wrong host showed", () => {
  expect(shownFingerprint(CHANGED)).toBe("SHA256:+P4Dhd6SbrgbBt7v9OlXv8gtb3sGZa+dRPa2p3aGqhg");
  expect(shownFingerprint("Host key verification failed.")).toBeUndefined();
});

test("last words leave out warnings about other things", () => {
  const stderr =
    "Warning: Permanently added 'x' to the list of known hosts.\r\n** WARNING: connection is not using a post-quantum key exchange algorithm.\r\nlast\r\n";
  expect(lastWords({ stderr, stdout: "", status: 255 })).toBe("last");
  expect(lastWords({ stderr: "", stdout: "", status: undefined })).toContain("said nothing");
});
