// Makes an ed25519 key pair without a passphrase: `node scripts/make-key.ts FILE COMMENT` writes FILE (mode 0600) and FILE.pub.
// Node makes it, so that the demo can begin before OpenSSH is installed.
import { writeFileSync } from "node:fs";

import { makeKeyPair } from "../src/host/key-pair.ts";

const [file, comment] = process.argv.slice(2);
if (file === undefined || comment === undefined) {
  console.error("usage: make-key.ts FILE COMMENT");
  process.exitCode = 2;
} else {
  const { privateKey, publicKey } = makeKeyPair(comment);
  writeFileSync(file, privateKey, { mode: 0o600, flag: "wx" });
  writeFileSync(`${file}.pub`, `${publicKey}\n`, { mode: 0o644 });
}
