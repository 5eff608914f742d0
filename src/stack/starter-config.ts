/** A server of a new config. */
export interface StarterServer {
  readonly name: string;
  readonly roles: readonly string[];
  /** Default: the provider's. */
  readonly size?: string;
  /** For the provider `existing`: where the host is. */
  readonly address?: string;
}

/** The answers that a new config is made from. */
export interface StarterOptions {
  readonly format: "ts" | "yaml";
  /** The stack's name. */
  readonly name: string;
  readonly provider: "local" | "existing";
  /** At least one. */
  readonly servers: readonly StarterServer[];
  /** The operator's user name. */
  readonly operator: string;
  /** Absent: no configuration-management tool. */
  readonly configurator?: {
    readonly name: string;
    /** Plain data. */
    readonly options: Readonly<Record<string, unknown>>;
  };
  /** One of the servers. */
  readonly master?: string;
  /** Private key file of the controller; its public half lies beside it with ".pub". */
  readonly identityFile: string;
}

// JSON's text form is valid in TypeScript and in YAML.
const text = (value: string): string => JSON.stringify(value);
// In YAML a "${" would be taken for an environment variable.
const yamlText = (value: string): string => text(value.replaceAll("${", () => "$${"));
const list = (values: readonly string[]): string => `[${values.map(text).join(", ")}]`;
const key = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : text(name));

/** Plain data in one line, as TypeScript and as YAML read it. */
function literal(value: unknown, quoted: (value: string) => string): string {
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return `[${value.map((one) => literal(one, quoted)).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  const fields = Object.entries(value).map(
    ([name, one]) => `${key(name)}: ${literal(one, quoted)}`,
  );
  return `{ ${fields.join(", ")} }`;
}

const TOOL_COMMENT =
  "The configuration-management tool that is in charge once a server is secured.";

function serverLine({ name, roles, size }: StarterServer): string {
  const parts = [`name: ${text(name)}`];
  if (roles.length > 0) parts.push(`roles: ${list(roles)}`);
  if (size !== undefined) parts.push(`size: ${text(size)}`);
  return `{ ${parts.join(", ")} }`;
}

/** Roles for the example of an opening: what is opened to the world is not the master. */
const exampleRoles = ({ servers, master }: StarterOptions): readonly string[] =>
  servers.filter(({ name }) => name !== master).flatMap(({ roles }) => roles);

const isTrustedAtFirst = (options: StarterOptions): boolean => options.provider === "existing";

function renderTypeScript(options: StarterOptions): string {
  const { name, provider, servers, operator, identityFile } = options;
  const roles = exampleRoles(options);
  const { configurator } = options;
  const plugins = [provider, ...(configurator === undefined ? [] : [configurator.name])].toSorted();
  const lines = [
    `import { defineStack, ${plugins.join(", ")} } from "bootmachine";`,
    "",
    "export default defineStack({",
    "  // Part of every tag at the provider: two stacks never touch each other.",
    `  name: ${text(name)},`,
    "",
  ];
  if (provider === "existing") {
    lines.push(
      "  provider: existing({",
      "    hosts: {",
      ...servers.map(
        (server) =>
          `      ${key(server.name)}: { address: ${text(server.address ?? "")}, user: "root" },`,
      ),
      "    },",
      "  }),",
    );
  } else lines.push("  provider: local(),");
  lines.push(
    "",
    "  ssh: {",
    "    // Where sshd listens once a server is secured.",
    "    port: 2849,",
  );
  lines.push(`    identityFile: ${text(identityFile)},`);
  if (isTrustedAtFirst(options)) {
    lines.push(
      "    // Trusts the host key that a server shows the first time. Better: give the key of each host",
      '    // (hostKey: "ssh-ed25519 AAAA...") and leave this line out.',
      '    identity: "first-use",',
    );
  }
  lines.push(
    "  },",
    "",
    "  // The controller logs in as the operator, who needs a key and sudo without a password.",
    `  operator: ${text(operator)},`,
    "  users: [",
    "    {",
    `      name: ${text(operator)},`,
    '      sudo: "nopasswd",',
    `      keys: [{ file: ${text(`${identityFile}.pub`)} }],`,
    "    },",
    "  ],",
    "",
    "  // Everything that is not named here is dropped; the ssh port is opened by itself.",
  );
  const example = `{ port: 443, from: "anywhere"${roles[0] === undefined ? "" : `, roles: [${text(roles[0])}]`} }`;
  lines.push("  firewall: [", `    // ${example},`, "  ],", "", "  servers: [");
  for (const server of servers) lines.push(`    ${serverLine(server)},`);
  lines.push("  ],");
  if (configurator !== undefined) {
    const isPlain = Object.keys(configurator.options).length === 0;
    const call = isPlain ? "" : literal(configurator.options, text);
    lines.push(
      "",
      `  // ${TOOL_COMMENT}`,
      `  configurator: ${configurator.name}(${call}),`,
      ...(options.master === undefined ? [] : [`  master: ${text(options.master)},`]),
    );
  }
  lines.push("});");
  return `${lines.join("\n")}\n`;
}

function renderYaml(options: StarterOptions): string {
  const { name, provider, servers, operator, identityFile } = options;
  const roles = exampleRoles(options);
  const lines = [
    "# yaml-language-server: $schema=./node_modules/bootmachine/schema/bootmachine.schema.json",
    "",
    "# Part of every tag at the provider: two stacks never touch each other.",
    `name: ${yamlText(name)}`,
    "",
  ];
  if (provider === "existing") {
    lines.push("provider:", "  name: existing", "  hosts:");
    for (const server of servers) {
      lines.push(
        `    ${text(server.name)}: { address: ${yamlText(server.address ?? "")}, user: root }`,
      );
    }
  } else lines.push("provider: local");
  lines.push("", "ssh:", "  # Where sshd listens once a server is secured.", "  port: 2849");
  lines.push(`  identityFile: ${yamlText(identityFile)}`);
  if (isTrustedAtFirst(options)) {
    lines.push(
      "  # Trusts the host key that a server shows the first time. Better: give the key of each host",
      "  # (hostKey: ssh-ed25519 AAAA...) and leave this line out.",
      "  identity: first-use",
    );
  }
  lines.push(
    "",
    "# The controller logs in as the operator, who needs a key and sudo without a password.",
    `operator: ${yamlText(operator)}`,
    "users:",
    `  - name: ${yamlText(operator)}`,
    "    sudo: nopasswd",
    "    keys:",
    `      - file: ${yamlText(`${identityFile}.pub`)}`,
    "",
    "# Everything that is not named here is dropped; the ssh port is opened by itself.",
  );
  const example = `{ port: 443, from: anywhere${roles[0] === undefined ? "" : `, roles: [${text(roles[0])}]`} }`;
  lines.push("firewall: []", `#  - ${example}`, "", "servers:");
  for (const server of servers) lines.push(`  - ${serverLine(server)}`);
  const { configurator } = options;
  if (configurator !== undefined) {
    lines.push(
      "",
      `# ${TOOL_COMMENT}`,
      "configurator:",
      `  name: ${configurator.name}`,
      ...Object.entries(configurator.options).map(
        ([name, value]) => `  ${name}: ${literal(value, yamlText)}`,
      ),
      ...(options.master === undefined ? [] : [`master: ${text(options.master)}`]),
    );
  }
  return `${lines.join("\n")}\n`;
}

/** The text of a new config, ready to be used and commented for whoever opens it first. */
export function renderStarterConfig(options: StarterOptions): string {
  return options.format === "ts" ? renderTypeScript(options) : renderYaml(options);
}
