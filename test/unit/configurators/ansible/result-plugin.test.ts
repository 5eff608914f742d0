import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { afterEach, beforeEach, expect, it } from "vitest";

import { parseResult } from "../../../../src/configurators/ansible/parse-result.ts";
import { RESULT_PLUGIN } from "../../../../src/configurators/ansible/result-plugin.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bootmachine-plugin-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What the plug-in takes from Ansible, and what it is told of a run: as many changed files on one server, of 150 lines each. */
const FILES = {
  "ansible/__init__.py": "",
  "ansible/plugins/__init__.py": "",
  "ansible/plugins/callback/__init__.py": "class CallbackBase:\n    pass\n",
  "ansible/release.py": '__version__ = "2.21.5"\n',
  "plugin.py": RESULT_PLUGIN,
  "run.py": `import sys
from types import SimpleNamespace
from plugin import CallbackModule

plugin = CallbackModule()
host = SimpleNamespace(get_name=lambda: "web1")
after = ("x" * 80 + "\\n") * 150
for number in range(int(sys.argv[1])):
    task = SimpleNamespace(_uuid=number, get_name=lambda: "File %d" % number)
    data = {"changed": True, "diff": [{"before": "", "after": after}], "dest": "/etc/file"}
    plugin.v2_runner_on_ok(SimpleNamespace(host=host, task=task, result=data))
summary = {"failures": 0, "unreachable": 0}
plugin.v2_playbook_on_stats(
    SimpleNamespace(processed={"web1": 1}, custom={}, summarize=lambda host: summary)
)
`,
};

it("a run that changes much leaves a result that can be read, with every task in it", () => {
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const file = join(folder, "result");
  const { status, stderr } = spawnSync("python3", ["run.py", "2000"], {
    cwd: folder,
    env: { PATH: "/usr/bin:/bin", BM_RESULT: file },
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  const result = readFileSync(file, "utf8");
  expect(result.length).toBeLessThan(16 * 1024 * 1024);
  const [report] = parseResult({ result, exitStatus: 0, output: [] }, ["web1"]);
  expect(report?.failure).toBeUndefined();
  const changed = report?.changes.filter((change) => change.status === "changed") ?? [];
  expect(changed).toHaveLength(2000);
  expect(changed[0]?.diff).toHaveLength(153);
  expect(changed.at(-1)?.diff).toBeUndefined();
});
