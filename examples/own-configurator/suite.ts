// The contract suite of configurators on this one, with servers on this computer. As root, on Linux: node --test suite.ts
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, it } from "node:test";

import { commandWorld, testConfigurator } from "bootmachine/testing";

const CONFIGURATOR = join(import.meta.dirname, "snippets.ts");
const MINUTE_MS = 60_000;

/** The stack that the suite is run on; each time under another name, so that two of them may run at once. */
function config(servers: readonly string[]): string {
  return `import { defineStack, local } from "bootmachine";
import { snippets } from ${JSON.stringify(CONFIGURATOR)};

export default defineStack({
  name: "snippets-${process.pid}",
  provider: local(),
  ssh: { identityFile: "./id", configFile: "none" },
  users: [{ name: "ada", sudo: "nopasswd", keys: ["./id.pub"] }],
  servers: ${JSON.stringify(servers.map((name) => ({ name })))},
  configurator: snippets({ folder: "./snippets" }),
});
`;
}

async function writeSnippets(directory: string, mark: string, program?: string): Promise<void> {
  const folder = join(directory, "snippets");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "10-mark.sh"), mark);
  // Its check always fails: it is applied each time.
  if (program === undefined) await rm(join(folder, "20-program.sh"), { force: true });
  else await writeFile(join(folder, "20-program.sh"), `[ "$1" = apply ] && ${program}\n`);
}

testConfigurator(
  {
    describe,
    it: (name, body) => it(name, { timeout: 30 * MINUTE_MS }, body),
    afterAll: (body) => after(body, { timeout: 10 * MINUTE_MS }),
  },
  {
    name: "snippets",
    topology: "solo",
    world: () => commandWorld({ config }),
    tree: {
      // Every server gets a file at `path`, with `text` and a newline in it. It takes a while: a run is cut off meanwhile. Where the
      // suite names a program, it is run as well.
      write: (directory, path, text, program) =>
        writeSnippets(
          directory,
          `case $1 in
check) [ "$(cat ${path})" = '${text}' ] ;;
apply) sleep 2; echo '${text}' >${path} ;;
esac
`,
          program,
        ),
      // What the user must be told, in the tool's own words.
      async break(directory) {
        await writeSnippets(directory, `[ "$1" = check ] || echo 'no luck today' >&2\nexit 1\n`);
        return /no luck today/;
      },
    },
  },
);
