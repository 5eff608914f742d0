import { spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";

import { renderRequirements } from "../../../src/configurators/ansible/python-packages.ts";

/** For each release of ansible-core, the Python of the Debian release that it is tested on. */
const PYTHONS: Readonly<Record<string, string>> = { "2.21.5": "3.13", "2.19.14": "3.11" };

/** A package index (PEP 503) for local servers, which may have no way to PyPI. What it gives are PyPI's own files. */
export interface PackageIndex {
  /** Reached by the local servers. */
  readonly url: string;
  /** Paths that were asked for. */
  readonly requests: string[];
  /** A file whose name begins so is served with another content. */
  spoiled: string;
  stop(): Promise<void>;
}

/** Fetches what one release of ansible-core is pinned to, by pip, into `directory`, and serves it. */
export async function startPackageIndex(directory: string, version: string): Promise<PackageIndex> {
  await fetchWheels(directory, version);
  const files = await readdir(directory);
  const requests: string[] = [];
  const state = { spoiled: "none" };
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://index").pathname;
    requests.push(path);
    const answer = async (): Promise<Buffer | string | undefined> => {
      const [, project] = /^\/simple\/([a-z0-9-]+)\/$/.exec(path) ?? [];
      if (project !== undefined) {
        return files
          .filter((file) => projectOf(file) === project)
          .map((file) => `<a href="/files/${file}">${file}</a>\n`)
          .join("");
      }
      const file = files.find((name) => path === `/files/${name}`);
      if (file === undefined) return undefined;
      const content = await readFile(join(directory, file));
      return file.startsWith(state.spoiled) ? content.subarray(1) : content;
    };
    void answer().then((body) => {
      response.writeHead(body === undefined ? 404 : 200, { "content-type": "text/html" });
      response.end(body ?? "not here\n");
    });
  });
  await new Promise<void>((done, fail) => {
    server.once("error", fail);
    server.listen(0, "0.0.0.0", done);
  });
  const { port } = server.address() as AddressInfo;
  const [address = "127.0.0.1"] = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map((each) => each.address);
  return {
    url: `http://${address}:${port}/simple/`,
    requests,
    get spoiled() {
      return state.spoiled;
    },
    set spoiled(value) {
      state.spoiled = value;
    },
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** Debian's own Python, whatever else is on the path. */
export function pip(...args: readonly string[]): void {
  const command = ["-m", "pip", "--disable-pip-version-check", ...args];
  const result = spawnSync("/usr/bin/python3", command, {
    encoding: "utf8",
    timeout: 300_000,
    env: { ...process.env, PIP_ROOT_USER_ACTION: "ignore" },
  });
  if (result.status !== 0) throw new Error(`pip ${args.join(" ")} failed:\n${result.stderr}`);
}

/** Fetches what one release of ansible-core is pinned to, from where this computer's pip fetches. */
export async function fetchWheels(directory: string, version: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const requirements = `${directory}.txt`;
  await writeFile(requirements, renderRequirements(version));
  const platforms = ["manylinux2014", "manylinux_2_17", "manylinux_2_28"].map(
    (name) => `${name}_${process.arch === "arm64" ? "aarch64" : "x86_64"}`,
  );
  pip(
    "download",
    "--quiet",
    "--only-binary=:all:",
    `--python-version=${PYTHONS[version] ?? "3.11"}`,
    ...platforms.map((name) => `--platform=${name}`),
    "--require-hashes",
    `--requirement=${requirements}`,
    `--dest=${directory}`,
  );
}

/** "ansible-core" of "ansible_core-2.21.5-py3-none-any.whl". */
function projectOf(file: string): string {
  return file
    .replace(/-.*/, "")
    .replaceAll(/[-_.]+/g, "-")
    .toLowerCase();
}
