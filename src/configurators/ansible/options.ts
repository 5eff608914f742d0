import { z } from "zod";

import { hostFolder } from "../../stack/host-folder.ts";
import { isPinned } from "./python-packages.ts";

/** A place inside the tree, or a name for one: no way out of it. */
const relativePath = z
  .string()
  .min(1)
  .regex(/^(?!\/)(?!(.*\/)?\.\.(\/|$))[^\0\n]+$/, "a path inside the tree");

/** Options of the `ansible` configurator. All have defaults. */
export const ansibleOptionsSchema = z
  .strictObject({
    /**
     * Where Ansible runs: "master", the stack's `master`, which reaches the others over their own network with a key of
     * its own; or "controller", this computer, with the ansible-playbook that is installed here, as the operator. Default
     * "master".
     */
    from: z.enum(["master", "controller"]).default("master"),
    /**
     * How the master gets Ansible: "venv", ansible-core in a virtual environment of its own (/opt/bootmachine/ansible/venv),
     * or "distro", the distro's own package. Default "venv".
     */
    install: z.enum(["venv", "distro"]).default("venv"),
    /**
     * The exact release of ansible-core, such as "2.19.14"; "venv" only. Default: the newest that bootmachine knows the
     * hashes of and the master's Python can run. Of another release only the version is pinned, not the hashes.
     */
    version: z
      .string()
      .regex(/^2\.\d{1,3}\.\d{1,3}$/, 'an exact release, such as "2.19.14"')
      .optional(),
    /**
     * A package index (PEP 503) in place of PyPI, for a master that cannot reach it: "https://pypi.example.com/simple". Plain
     * http is accepted where the hashes of all files are known.
     */
    index: z.url({ protocol: /^https?$/ }).optional(),
    /** The folder with your playbooks, roles and variables; a relative path counts from the config. Default "ansible". */
    tree: z.string().min(1).default("ansible"),
    /** The playbook to run, inside the tree. Default "site.yml". */
    playbook: relativePath.default("site.yml"),
    /** Where the tree is kept on the master. Default "/srv/ansible". */
    remoteDir: hostFolder.default("/srv/ansible"),
    /** The account that the master logs in with on the other servers; it has sudo without a password. Default "ansible". */
    user: z
      .string()
      .regex(/^[a-z_][a-z0-9_-]{0,31}$/)
      .refine((name) => name !== "root", "an account of its own, not root")
      .default("ansible"),
    /**
     * How many servers Ansible works on at a time, 1-200. Each takes about 50 MB on the master; a master that has too little for
     * them, of as many as the stack has, is refused. Default 10.
     */
    forks: z.number().int().min(1).max(200).default(10),
    /** Whether differences in files are shown and kept in the journal. `no_log` tasks are never shown. Default true. */
    diff: z.boolean().default(true),
    /**
     * Modes of files in the tree that hold secrets, by pattern, beside the built-in ones for names with "vault" or
     * "secret" and for keys: `{ "files/licence.txt": "0600" }`.
     */
    modes: z.record(z.string(), z.string().regex(/^0?[0-7]{3}$/)).default({}),
  })
  .superRefine((options, context) => {
    const isVenv = options.from === "master" && options.install === "venv";
    for (const name of ["version", "index"] as const) {
      if (options[name] === undefined || isVenv) continue;
      context.addIssue({
        code: "custom",
        path: [name],
        message: 'counts for install: "venv" on the master only',
      });
    }
    if (
      options.index?.startsWith("http:") === true &&
      options.version !== undefined &&
      !isPinned(options.version)
    ) {
      context.addIssue({
        code: "custom",
        path: ["index"],
        message: `plain http proves nothing, and the hashes of ansible-core ${options.version} are not known: use https, or leave out \`version\``,
      });
    }
  })
  .readonly();

export type AnsibleOptions = z.input<typeof ansibleOptionsSchema>;
export type AnsibleSettings = z.output<typeof ansibleOptionsSchema>;
