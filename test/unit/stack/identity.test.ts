import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { derivePublicKey } from "../../../src/stack/private-key.ts";
import {
  failureOf,
  GOOD,
  KEY,
  load,
  makeDirectory,
  makeKeyPair,
  OTHER_KEY,
} from "./support/config-directory.ts";

const write = (directory: string, config: object): void => {
  writeFileSync(
    join(directory, "bootmachine.config.json"),
    JSON.stringify({ ...GOOD, ...config }, null, 2),
  );
};
const ada = (keys: readonly unknown[]): object => ({
  users: [{ name: "ada", sudo: "nopasswd", keys }],
});

describe("the controller's key in a file", () => {
  it("its public half is read from beside it", async () => {
    const directory = makeDirectory();
    const line = makeKeyPair(directory, "keys/id_test");
    write(directory, { ...ada(["./keys/id_test.pub"]), ssh: { identityFile: "keys/id_test" } });
    const stack = await load(directory, {
      agentKeys: () => Promise.reject(new Error("not asked")),
    });
    expect(stack.ssh.identityFile).toBe(join(directory, "keys/id_test"));
    expect(stack.ssh.publicKey).toBe(line);
    expect(stack.servers[0]?.ssh.publicKey).toBe(line);
    expect(stack.users[0]?.keys).toEqual([line]);
  });

  it("~ is the home directory of the environment", async () => {
    const directory = makeDirectory();
    makeKeyPair(directory, "home/.ssh/id_mine");
    write(directory, { ...ada(["~/.ssh/id_mine.pub"]), ssh: { identityFile: "~/.ssh/id_mine" } });
    expect((await load(directory)).ssh.identityFile).toBe(join(directory, "home/.ssh/id_mine"));
  });

  it("is derived where the .pub file is missing", async () => {
    const directory = makeDirectory();
    const line = makeKeyPair(directory, "id_test");
    rmSync(join(directory, "id_test.pub"));
    write(directory, { ...ada([line]), ssh: { identityFile: "id_test" } });
    expect((await load(directory)).ssh.publicKey).toContain(line.split(" ")[1]);
  });

  it("is derived from every kind of key and file, locked ones of OpenSSH's own format included", () => {
    const directory = makeDirectory();
    const kinds = [
      ["ed25519", "RFC4716"],
      ["ecdsa", "RFC4716"],
      ["ecdsa", "PEM"],
      ["ecdsa", "PKCS8"],
      ["rsa", "RFC4716"],
      ["rsa", "PEM"],
      ["rsa", "PKCS8"],
    ] as const;
    for (const [type, format] of kinds) {
      const line = makeKeyPair(directory, `${type}-${format}`, { type, format });
      const derived = derivePublicKey(readFileSync(join(directory, `${type}-${format}`), "utf8"));
      expect(derived, `${type} ${format}`).toEqual({ ok: true, line: line.replace(/ test$/, "") });
    }
    const line = makeKeyPair(directory, "locked", { passphrase: "secret" });
    const derived = derivePublicKey(readFileSync(join(directory, "locked"), "utf8"));
    expect(derived).toEqual({ ok: true, line: line.replace(/ test$/, "") });
    expect(derivePublicKey("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END")).toEqual({
      ok: false,
      reason: "unreadable",
    });
  });

  it("with a passphrase in the old format and without .pub cannot be derived", async () => {
    const directory = makeDirectory();
    const line = makeKeyPair(directory, "id_test", {
      passphrase: "secret",
      type: "rsa",
      format: "PEM",
    });
    rmSync(join(directory, "id_test.pub"));
    write(directory, { ...ada([line]), ssh: { identityFile: "id_test" } });
    const error = await failureOf(load(directory));
    expect(error.code).toBe("KEY_UNUSABLE");
    expect(error.message).toBe(
      "id_test has a passphrase, and id_test.pub, its public half, is missing",
    );
    expect(error.hint).toBe("Make it once with `ssh-keygen -y -f id_test > id_test.pub`.");
    expect(error.problems).toMatchObject([{ path: "ssh.identityFile", line: 28 }]);
    // Said in the config it is of no use either: ssh could not tell which of the agent's keys is meant.
    write(directory, { ...ada([line]), ssh: { identityFile: "id_test", publicKey: line } });
    const said = await failureOf(load(directory, { agentKeys: () => Promise.resolve([line]) }));
    expect(said.message).toBe(error.message);
  });

  it.each([
    ["ed25519", "RFC4716"],
    ["rsa", "PEM"],
    ["ecdsa", "PKCS8"],
  ])("with a passphrase (%s, %s) is fine where the agent has it", async (type, format) => {
    const directory = makeDirectory();
    const line = makeKeyPair(directory, "id_test", { passphrase: "secret", type, format });
    for (const identityFile of ["id_test", "id_test.pub"]) {
      write(directory, { ...ada([line]), ssh: { identityFile } });
      const error = await failureOf(load(directory));
      expect(error.code).toBe("KEY_UNUSABLE");
      expect(error.message).toBe("id_test has a passphrase, and ssh-agent does not hold the key");
      expect(error.hint).toContain("`ssh-add id_test`");
      expect(error.problems).toMatchObject([{ path: "ssh.identityFile" }]);
      const inAgent = await load(directory, { agentKeys: () => Promise.resolve([KEY, line]) });
      expect(inAgent.ssh.identityFile).toBe(join(directory, "id_test"));
      expect(inAgent.ssh.publicKey).toBe(line);
    }
  });

  it("and a public half that belongs to another key are told", async () => {
    const directory = makeDirectory();
    const line = makeKeyPair(directory, "id_test");
    const other = makeKeyPair(directory, "id_other");
    writeFileSync(join(directory, "id_test.pub"), `${other}\n`);
    const messageOf = async (ssh: object): Promise<string> => {
      write(directory, { ...ada([line, other]), ssh });
      const error = await failureOf(load(directory));
      expect(error.code).toBe("KEY_UNUSABLE");
      return `${error.message}. ${error.hint}`;
    };
    const both = "id_test and id_test.pub are not halves of one key pair. ";
    expect(await messageOf({ identityFile: "id_test" })).toContain(both);
    expect(await messageOf({ identityFile: "id_test.pub" })).toContain(both);
    expect(await messageOf({ identityFile: "id_test" })).toContain(
      "`ssh-keygen -y -f id_test > id_test.pub`",
    );
    expect(await messageOf({ identityFile: "id_test", publicKey: other })).toBe(
      "id_test and ssh.publicKey are not halves of one key pair. Leave ssh.publicKey out: the public half is read from id_test.",
    );
  });

  it("of a hardware token is used without the agent", async () => {
    const directory = makeDirectory();
    const text = (value: string | Buffer): Buffer => {
      const bytes = Buffer.from(value);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return Buffer.concat([length, bytes]);
    };
    const type = "sk-ssh-ed25519@openssh.com";
    const blob = Buffer.concat([text(type), text(Buffer.alloc(32, 7)), text("ssh:")]);
    // As ssh-keygen writes it: cipher, key derivation, its options, one key, and the handle, which is no secret.
    const file = Buffer.concat([
      Buffer.from("openssh-key-v1\0"),
      ...["none", "none", ""].map(text),
      Buffer.from([0, 0, 0, 1]),
      text(blob),
      text("a handle"),
    ]);
    writeFileSync(
      join(directory, "id_token"),
      `-----BEGIN OPENSSH PRIVATE KEY-----\n${file.toString("base64")}\n-----END OPENSSH PRIVATE KEY-----\n`,
      { mode: 0o600 },
    );
    const line = `${type} ${blob.toString("base64")}`;
    write(directory, { ...ada([line]), ssh: { identityFile: "id_token" } });
    expect((await load(directory)).ssh.publicKey).toBe(line);
  });

  it("must be the operator's", async () => {
    const directory = makeDirectory();
    makeKeyPair(directory, "id_test");
    write(directory, { ...ada([KEY]), ssh: { identityFile: "id_test" } });
    const error = await failureOf(load(directory));
    expect(error.code).toBe("KEY_UNUSABLE");
    expect(error.problems).toMatchObject([
      {
        path: "users[0].keys",
        message: "the operator ada does not have the controller's key, the public half of id_test",
      },
    ]);
  });

  it("missing, no key, readable by others", async () => {
    const directory = makeDirectory({ id_text: "hello" });
    makeKeyPair(directory, "id_open");
    chmodSync(join(directory, "id_open"), 0o644);
    const messageOf = async (identityFile: string): Promise<string> => {
      write(directory, { ...ada([KEY]), ssh: { identityFile } });
      const error = await failureOf(load(directory));
      expect(error.code).toBe("KEY_UNUSABLE");
      return error.message;
    };
    expect(await messageOf("id_none")).toBe("id_none does not exist");
    expect(await messageOf("id_text")).toBe("id_text holds no private key");
    expect(await messageOf("id_open")).toBe(
      "id_open can be read by others, so ssh will not use it",
    );
  });

  it("a .pub file means its private half, or a key in the agent", async () => {
    const directory = makeDirectory();
    const line = makeKeyPair(directory, "id_test");
    write(directory, { ...ada([line]), ssh: { identityFile: "id_test.pub" } });
    expect((await load(directory)).ssh.identityFile).toBe(join(directory, "id_test"));
    rmSync(join(directory, "id_test"));
    const inAgent = await load(directory, { agentKeys: () => Promise.resolve([line]) });
    expect(inAgent.ssh.identityFile).toBe(join(directory, "id_test.pub"));
    const error = await failureOf(load(directory));
    expect(error.message).toContain("neither in ssh-agent nor beside it");
  });
});

describe("without a key file", () => {
  it("one of the agent's keys that the operator has is used", async () => {
    const directory = makeDirectory();
    write(directory, ada([OTHER_KEY, `no-pty ${KEY}`]));
    const stack = await load(directory, { agentKeys: () => Promise.resolve(["garbage", KEY]) });
    expect(stack.ssh).toMatchObject({ identityFile: undefined, publicKey: KEY });
  });

  it("a default key of ssh is used", async () => {
    const directory = makeDirectory();
    const line = makeKeyPair(directory, "home/.ssh/id_ed25519");
    write(directory, ada([line]));
    const stack = await load(directory);
    expect(stack.ssh.identityFile).toBe(join(directory, "home/.ssh/id_ed25519"));
  });

  it("one with a passphrase, or with another's public half, is passed over, and told where no other fits", async () => {
    const directory = makeDirectory();
    const locked = makeKeyPair(directory, "home/.ssh/id_ed25519", { passphrase: "secret" });
    const open = makeKeyPair(directory, "home/.ssh/id_rsa", { type: "rsa" });
    write(directory, ada([locked, open]));
    expect((await load(directory)).ssh.publicKey).toBe(open);
    const inAgent = { agentKeys: () => Promise.resolve([locked]) };
    expect((await load(directory, inAgent)).ssh.publicKey).toBe(locked);
    write(directory, ada([locked]));
    const error = await failureOf(load(directory));
    expect(error.message).toContain(
      "~/.ssh/id_ed25519 has a passphrase, and ssh-agent does not hold the key",
    );
    expect(error.hint).toContain("`ssh-add ~/.ssh/id_ed25519`");
    writeFileSync(join(directory, "home/.ssh/id_rsa.pub"), `${OTHER_KEY}\n`);
    write(directory, ada([OTHER_KEY]));
    expect((await failureOf(load(directory))).message).toContain(
      "~/.ssh/id_rsa and ~/.ssh/id_rsa.pub are not halves of one key pair",
    );
  });

  it("none that fits is told", async () => {
    const directory = makeDirectory();
    write(directory, ada([OTHER_KEY]));
    const error = await failureOf(load(directory));
    expect(error.code).toBe("KEY_UNUSABLE");
    expect(error.message).toBe(
      "the controller has no private key for any key of the operator ada: ssh-agent holds 1 other, and no file in ~/.ssh fits",
    );
  });

  it("publicKey chooses among several", async () => {
    const directory = makeDirectory();
    write(directory, { ...ada([KEY, OTHER_KEY]), ssh: { publicKey: OTHER_KEY } });
    const both = { agentKeys: () => Promise.resolve([KEY, OTHER_KEY]) };
    expect((await load(directory, both)).ssh.publicKey).toBe(OTHER_KEY);
    const error = await failureOf(load(directory));
    expect(error.problems).toMatchObject([{ path: "ssh.publicKey" }]);
  });
});

describe("keys of users", () => {
  it("may be lines, paths and files with several keys", async () => {
    const directory = makeDirectory({
      "team/authorized_keys": `# the team\n${KEY}\n\n${OTHER_KEY}\n`,
    });
    write(directory, ada([KEY, { file: "team/authorized_keys" }]));
    expect((await load(directory)).users[0]?.keys).toEqual([KEY, OTHER_KEY]);
  });

  it("that cannot be read or parsed are told, each with its place, and no secret is shown", async () => {
    const directory = makeDirectory({ "bad.pub": "ssh-ed25519 AAAA\n", "empty.pub": "" });
    makeKeyPair(directory, "id_secret");
    const key =
      "-----BEGIN OPENSSH PRIVATE KEY----- c2VjcmV0IQ== -----END OPENSSH PRIVATE KEY-----";
    write(directory, {
      ...ada([KEY]),
      users: [
        { name: "ada", sudo: "nopasswd", keys: [KEY] },
        {
          name: "bob",
          keys: [
            "~/nothere.pub",
            { file: "bad.pub" },
            "empty.pub",
            { file: "id_secret" },
            key,
            "hello",
          ],
        },
        { name: "eve", keys: [{ fiel: "x" }, 7] },
      ],
    });
    const error = await failureOf(load(directory));
    expect(error.code).toBe("CONFIG_INVALID");
    expect(error.problems.map(({ path, message }) => `${path}: ${message}`)).toEqual([
      "users[1].keys[0]: the key file ~/nothere.pub does not exist",
      "users[1].keys[1]: bad.pub, line 1: the key is cut short",
      "users[1].keys[2]: the key file empty.pub is empty",
      "users[1].keys[3]: id_secret is a PRIVATE key",
      "users[1].keys[4]: this is a PRIVATE key",
      "users[1].keys[5]: this is not a public key: no key type was found",
      "users[2].keys[0].file: is missing",
      "users[2].keys[0].fiel: is not an option",
      "users[2].keys[1]: must be a public key line, a path of a .pub file, or { file: PATH }",
    ]);
    expect(JSON.stringify(error.toRecord())).not.toContain("c2VjcmV0IQ");
  });
});
