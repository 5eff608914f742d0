import type { StackProject } from "./stack-project.ts";

interface KnownMember {
  readonly server: string;
  readonly publicAddresses: readonly string[];
  readonly privateAddresses: readonly string[];
}

/** The stack's members with all of their addresses, as the inventory has them. */
export async function knownMembers(project: StackProject): Promise<readonly KnownMember[]> {
  const { stdout } = await project.run("inventory", "--json");
  const { servers } = JSON.parse(stdout) as { readonly servers: readonly KnownMember[] };
  if (servers.some(({ publicAddresses }) => publicAddresses.length === 0))
    throw new Error(`every member has a public address:\n${stdout}`);
  return servers;
}

/** A line each, as the trees of these tests make the tools write it from their own data. */
export async function memberLines(project: StackProject): Promise<string> {
  const members = await knownMembers(project);
  return members
    .map(
      ({ server, publicAddresses, privateAddresses }) =>
        `${server} public ${publicAddresses.join(",")} private ${privateAddresses.join(",")}\n`,
    )
    .join("");
}
