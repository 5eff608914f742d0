#!/usr/bin/env node
// The program. Only what is needed to say that Node is too old is imported here; all else follows the check.
import { setFlagsFromString } from "node:v8";

const NEEDED = [22, 18] as const;

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  process.stderr.write(
    `bootmachine needs Node ${NEEDED.join(".")} or newer, and this is ${process.version} (${process.execPath}).\n` +
      "Install a newer Node (https://nodejs.org, or your system's packages), and run the command again.\n",
  );
  process.exitCode = 3;
} else {
  // This program mostly waits: it takes little memory, rather than little time for keeping it. By itself, the space for
  // young objects would grow to 64 MB, and a hundred thousand dead sockets of a port scan would be kept until much
  // more had come together: a proof of eleven servers took 268 MB, and takes 110. No time was lost that could be measured.
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--optimize-for-size");
  const { runProcess } = await import("./run-process.ts");
  await runProcess();
}
