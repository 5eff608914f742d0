// Compiles src/ to dist/, with the configurators' starter kits beside their modules. The new tree is made beside the old one and put in its place at the end, so
// that a failed build leaves the old one whole and no file of a deleted source stays behind.
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, globSync, renameSync, rmSync } from "node:fs";
import { resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const fresh = resolve(root, ".cache/dist-new");
const old = resolve(root, ".cache/dist-old");
const dist = resolve(root, "dist");

rmSync(fresh, { recursive: true, force: true });
const compiled = spawnSync(
  resolve(root, "node_modules/.bin/tsc"),
  ["-p", "tsconfig.build.json", "--outDir", fresh],
  { cwd: root, stdio: "inherit" },
);
if (compiled.status === 0) {
  const program = resolve(fresh, "cli/main.js");
  if (existsSync(program)) chmodSync(program, 0o755);
  // A configurator names its kit by `new URL("./starter-kit/", import.meta.url)`, here and there.
  for (const kit of globSync("configurators/*/starter-kit", { cwd: resolve(root, "src") })) {
    cpSync(resolve(root, "src", kit), resolve(fresh, kit), { recursive: true });
  }
  rmSync(old, { recursive: true, force: true });
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(fresh, dist);
  rmSync(old, { recursive: true, force: true });
} else {
  rmSync(fresh, { recursive: true, force: true });
  process.exitCode = 1;
}
