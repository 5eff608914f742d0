import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { fetchWheels, pip } from "./package-index.ts";

/** ansible-core 2.19 for this computer, in a folder of its own; the command is in `FOLDER/bin`. */
export async function installAnsible(folder: string): Promise<void> {
  const wheels = join(folder, "wheels");
  await fetchWheels(wheels, "2.19.14");
  const files = (await readdir(wheels)).map((file) => join(wheels, file));
  pip("install", "--quiet", "--no-deps", "--no-index", `--target=${join(folder, "lib")}`, ...files);
  await mkdir(join(folder, "bin"));
  await writeFile(
    join(folder, "bin/ansible-playbook"),
    `#!/bin/sh\nPYTHONPATH=${folder}/lib exec /usr/bin/python3 -m ansible playbook "$@"\n`,
    { mode: 0o755 },
  );
}

/** The path of commands, with this Ansible first. */
export function pathWith(folder: string): string {
  return `${folder}/bin:${process.env["PATH"] ?? ""}`;
}
