import type { MachineRequest, Provider, RehearsalFacts, SizeWish } from "../providers/contract.ts";
import { memoryNeedMb } from "./memory-need.ts";
import type { Server, Stack } from "./stack.ts";
import { distroInName, imageText, sizeText } from "./wishes.ts";

/** What is said of a size that the computer of the rehearsal does not have. */
const UNLIMITED = "unlimited";

/**
 * The same stack on another provider, to try it out: names, roles, users, firewall and configurator stay; each server
 * gets an image of the same distro there, and a size that has what its own needs, as far as there is one.
 *
 * A server whose distro nothing tells, or that the provider lacks, stays in the stack; the provider's `check` refuses it,
 * with what to do. Pure; the stack's own provider is asked for nothing but `rehearsalFacts`.
 */
export function rehearseStack(stack: Stack, provider: Provider): Stack {
  const own = stack.provider;
  const isSameKind = own.name === provider.name;
  const problems = new Map<string, string>();
  const notRehearsed = new Set<string>();
  const notes: string[] = [
    `Rehearsal with the provider ${provider.name}: ${isSameKind ? "the stack's own servers are" : `${own.name} is`} left alone.`,
  ];
  if (stack.servers.some(({ ssh }) => ssh.jumpHost !== undefined))
    notRehearsed.add("the jump host");

  const servers = stack.servers.map((server): Server => {
    const ssh = { ...server.ssh, jumpHost: undefined };
    if (isSameKind) return { ...server, ssh };
    const facts = factsOf(own, server);
    for (const text of facts.notRehearsed) notRehearsed.add(text);
    const image = facts.distro === undefined ? undefined : { distro: facts.distro };
    if (image !== undefined) {
      const [problem] = provider.check({ server: server.name, roles: server.roles, image });
      if (problem !== undefined)
        problems.set(
          server.name,
          `${problem.message}; give it another image for the rehearsal, or leave it out with --server`,
        );
    } else if (own.capabilities.images) {
      const text =
        server.image === undefined
          ? `the image of ${own.name}()`
          : `its image ${imageText(server.image)}`;
      problems.set(
        server.name,
        `nothing tells of which distro ${text} is; name an image with the distro in its name, or say image: { distro: "debian-13" }, or leave it out with --server`,
      );
    }
    return { ...server, ssh, image, size: sizeFor(stack, server, facts, provider, notes) };
  });

  if (notRehearsed.size > 0) notes.push(`Not rehearsed: ${[...notRehearsed].join(", ")}.`);
  return {
    ...stack,
    ssh: { ...stack.ssh, jumpHost: undefined },
    servers,
    rehearsal: { notes },
    provider: {
      ...provider,
      check: (request) => {
        const problem = problems.get(request.server);
        return problem === undefined
          ? provider.check(request)
          : [{ about: "image", message: problem }];
      },
    },
  };
}

function factsOf(provider: Provider, server: Server): RehearsalFacts {
  const { image, size } = server;
  const request: Omit<MachineRequest, "token" | "bootstrapKeys"> = {
    server: server.name,
    roles: server.roles,
    ...(image === undefined ? {} : { image }),
    ...(size === undefined ? {} : { size }),
  };
  if (provider.rehearsalFacts !== undefined) return provider.rehearsalFacts(request);
  const distro = typeof image === "object" ? image.distro : distroInName(image ?? "");
  return {
    ...(distro === undefined ? {} : { distro }),
    ...(typeof size === "object" ? { needs: size } : {}),
    notRehearsed: [],
  };
}

/** What the server needs and the configurator asks for; no more than there is. */
function sizeFor(
  stack: Stack,
  { name }: Server,
  { needs }: RehearsalFacts,
  provider: Provider,
  notes: string[],
): SizeWish | undefined {
  const minimumMb = memoryNeedMb(stack, name);
  if (needs === undefined && minimumMb === 0) return undefined;
  const wish = {
    cpus: needs?.cpus ?? 1,
    // Without needs of its own, as much as most servers have.
    memoryGb: Math.max(needs?.memoryGb ?? 1, minimumMb / 1024),
  };
  if (provider.check({ server: name, roles: [], size: wish }).length === 0) return wish;
  notes.push(
    `${name} has all that this computer has, which is less than a size ${sizeText(wish)}.`,
  );
  return UNLIMITED;
}
