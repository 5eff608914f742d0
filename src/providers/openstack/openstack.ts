import { pause } from "../../cloud/caller.ts";
import { hostKeysIn } from "../../cloud/console-keys.ts";
import { machineName } from "../../cloud/names.ts";
import { Turns } from "../../cloud/turns.ts";
import { ProviderError, RefusedError } from "../../errors/error.ts";
import { type Environment, loadingEnvironment } from "../../stack/environment.ts";
import { parsePluginOptions } from "../../stack/plugin-options.ts";
import type { Machine, Provider, ProviderContext } from "../contract.ts";
import { checkWishes, type KnownChoice } from "./check-wishes.ts";
import { Cloud } from "./cloud.ts";
import { groupKey } from "./create-machine.ts";
import { ensureMachine, mayBeHidden, removeServers } from "./ensure-machine.ts";
import { expectedCalls } from "./expected-calls.ts";
import { listLeftovers, removeFloatingIps } from "./floating-ips.ts";
import { chooseMachine } from "./machine-choice.ts";
import {
  identityMetadata,
  identityOf,
  isGoing,
  isOf,
  isOurs,
  isUnreadable,
  labelOf,
  oldestFirst,
  toMachine,
} from "./marks.ts";
import {
  actOnServer,
  type NovaServer,
  readConsole,
  readServer,
  writeMetadata,
  withReason,
} from "./nova.ts";
import {
  type OpenStackOptions,
  openstackOptionsSchema,
  type OpenStackSettings,
} from "./options.ts";
import { bringGroupInLine, removeSecurityGroups } from "./security-group.ts";
import { rehearsalFacts } from "./rehearsal-facts.ts";
import { removeKeyPairs, removeServerGroups } from "./shared-things.ts";
import { distroOf, sizeList } from "./wishes.ts";

/**
 * Servers of one project of any OpenStack.
 *
 * The credentials are those of the OpenStack tools: a cloud of `clouds.yaml`, or the `OS_*` variables. Servers are
 * found by their metadata; what the stack's servers share (a security group; if wanted a key pair, a server group)
 * carries the stack's name. `destroy` removes all of it.
 *
 * Nothing is read and nobody is called until one of the methods is.
 *
 * @param environment Where `OS_*`, `HOME` and the like are looked up. Default: what the config is loaded with.
 * @throws UserError CONFIG_INVALID for options that break the schema.
 */
export function openstack(
  options: OpenStackOptions = {},
  environment: Environment = loadingEnvironment(),
): Provider {
  const settings = parsePluginOptions("provider", "openstack", openstackOptionsSchema, options);
  return novaProvider(
    {
      name: "openstack",
      hasConsoleLog: true,
      hasSecurityGroups: true,
      hasFloatingIps: true,
      hasServerGroups: true,
      open: async () => await Cloud.open(settings, environment),
    },
    settings,
  );
}

/** What one kind of cloud has of its own. */
export interface CloudKind {
  /** The provider's. */
  readonly name: string;
  readonly hasConsoleLog: boolean;
  readonly hasSecurityGroups: boolean;
  readonly hasFloatingIps: boolean;
  readonly hasServerGroups: boolean;
  /** Called once, before the first call. */
  readonly open: () => Promise<Cloud>;
}

/** The provider of a cloud with Nova and Glance, whatever the way in and the networks are. */
export function novaProvider(kind: CloudKind, settings: OpenStackSettings): Provider {
  let opened: Promise<Cloud> | undefined;
  const known: KnownChoice = {};
  const turns = new Turns();

  const open = async (): Promise<Cloud> => {
    opened ??= kind.open();
    opened.catch(() => (opened = undefined));
    return await opened;
  };

  const machines = async (
    context: ProviderContext,
    claim: (server: NovaServer) => boolean,
  ): Promise<readonly Machine[]> => {
    const cloud = await open();
    const own = (await cloud.watch.fresh(context)).filter(claim);
    const alive = new Set(own.filter((entry) => !isGoing(entry)).map(labelOf));
    return await Promise.all(
      oldestFirst(own.filter((entry) => !isGoing(entry) || !alive.has(labelOf(entry)))).map(
        async (server) => toMachine(await withReason(cloud.client, server, context), settings),
      ),
    );
  };

  /** The server that a machine stands for. Only we change its metadata: a list that was seen is good enough. */
  async function serverOf(
    machine: Machine,
    cloud: Cloud,
    context: ProviderContext,
  ): Promise<NovaServer> {
    const server =
      cloud.watch.lastSeen(machine.id) ?? (await readServer(cloud.client, machine.id, context));
    if (server !== undefined) return server;
    throw new ProviderError(
      "PROVIDER_NOT_FOUND",
      `OpenStack has no server ${machine.server} (${machine.id}) any more.`,
      {
        server: machine.server,
      },
    );
  }

  return {
    kind: "provider",
    apiVersion: 1,
    name: kind.name,
    capabilities: {
      creates: true,
      reboots: true,
      console: kind.hasConsoleLog,
      images: true,
      sizes: true,
      identity: kind.hasConsoleLog
        ? ["published", "injected", "console"]
        : ["published", "injected"],
    },
    observe: async (context) => await machines(context, (server) => isOf(server, context.stack)),
    list: async (context) => await machines(context, isOurs),
    refuseUnknown: async (request, context) => {
      await chooseMachine(await open(), settings, request, context);
    },
    ensureShared: async (wish, context) => {
      if (!settings.ownSecurityGroup) return { made: [], opened: [], closed: [], surplus: [] };
      const cloud = await open();
      const key = groupKey(context.stack);
      cloud.forget(key);
      const { id, report } = await bringGroupInLine(cloud.client, context.stack, wish, context);
      // Servers that are made from now on are put into it without another look.
      if (wish.mode !== "plan") await cloud.shared(key, context, () => Promise.resolve(id));
      return report;
    },
    ensure: async (request, context) =>
      await turns.take(
        machineName(context.stack, request.server),
        async () => await ensureMachine(await open(), settings, request, context),
      ),
    identity: async (machine, context) => {
      const cloud = await open();
      const kept = identityOf(await serverOf(machine, cloud, context));
      if (kept !== undefined) return kept;
      const deadline = Date.now() + settings.bootTimeoutMs;
      for (let waitMs = settings.pollMs; ; waitMs = Math.min(waitMs * 1.5, 15_000)) {
        const log = await readConsole(
          cloud.client,
          { id: machine.id, name: machine.server },
          context,
        );
        const keys = hostKeysIn(log);
        if (keys.length > 0) return { proof: "console", keys };
        if (Date.now() + waitMs > deadline) throw noKeysInConsole(machine);
        context.progress("waiting for the host keys in the console log");
        await pause(waitMs, context.signal);
      }
    },
    keepIdentity: async (machine, identity, context) => {
      const cloud = await open();
      const server = { id: machine.id, name: machine.server };
      await writeMetadata(cloud.client, server, identityMetadata(identity), context);
      cloud.watch.forget(machine.id);
    },
    ...(kind.hasFloatingIps
      ? { leftovers: async (context) => await listLeftovers(await open(), context) }
      : {}),
    destroy: async (server, context) =>
      await turns.take(machineName(context.stack, server), async () => {
        const cloud = await open();
        const servers = await cloud.watch.fresh(context);
        const listed = servers.filter((entry) => isOf(entry, context.stack, server));
        if (listed.length === 0 && servers.some(isUnreadable)) throw mayBeHidden(server);
        const madeHere = cloud.made.get(machineName(context.stack, server));
        const hidden =
          madeHere === undefined || listed.some(({ id }) => id === madeHere)
            ? undefined
            : await readServer(cloud.client, madeHere, context);
        const own = hidden === undefined ? listed : [...listed, hidden];
        await removeServers(cloud, settings, own, context);
        const addresses = kind.hasFloatingIps
          ? await removeFloatingIps(cloud.client, context.stack, server, context)
          : 0;
        return { existed: own.length > 0 || addresses > 0 };
      }),
    destroyShared: async (context) => {
      const cloud = await open();
      if (kind.hasSecurityGroups) {
        await removeSecurityGroups(cloud.client, context.stack, settings.bootTimeoutMs, context);
        cloud.forget(groupKey(context.stack));
      }
      await removeKeyPairs(cloud, context.stack, context);
      if (kind.hasServerGroups) await removeServerGroups(cloud, context.stack, context);
    },
    reboot: async (machine, how, context) => {
      const cloud = await open();
      const server = await readServer(cloud.client, machine.id, context);
      if (server === undefined) await serverOf(machine, cloud, context);
      // A server that is off cannot be rebooted softly.
      const isOff = server?.status === "SHUTOFF";
      await actOnServer(
        cloud.client,
        { id: machine.id, name: machine.server },
        isOff ? { "os-start": null } : { reboot: { type: how === "soft" ? "SOFT" : "HARD" } },
        context,
      );
    },
    console: async (machine, context) => {
      if (!kind.hasConsoleLog) throw noConsoleLog(kind.name, machine);
      const cloud = await open();
      return await readConsole(cloud.client, { id: machine.id, name: machine.server }, context);
    },
    images: async (context) => {
      const images = await (await open()).images(context);
      known.images = images;
      return images.map((image) => {
        const distro = distroOf(image);
        return {
          name: image.name ?? image.id,
          title:
            image.created_at === "" ? image.id : `${image.id}, of ${image.created_at.slice(0, 10)}`,
          ...(distro === undefined ? {} : { distro }),
          ...(image.visibility === "" ? {} : { note: image.visibility }),
        };
      });
    },
    sizes: async (context) => {
      const flavors = await (await open()).flavors(context);
      known.sizes = flavors;
      return sizeList(flavors, settings, known.images ?? []);
    },
    rehearsalFacts: (request) => rehearsalFacts(settings, request),
    expectedCalls: (work) => expectedCalls(settings, work),
    check: (request) => checkWishes(kind.name, settings, known, request),
  };
}

function noConsoleLog(provider: string, machine: Machine): RefusedError {
  return new RefusedError(
    "CAPABILITY_MISSING",
    `${provider} has no console log of ${machine.server}.`,
    {
      server: machine.server,
      hint: `Its control panel has a console in the browser; where the server answers: \`bootmachine exec --root ${machine.server} -- journalctl -b\`.`,
    },
  );
}

function noKeysInConsole(machine: Machine): RefusedError {
  return new RefusedError(
    "IDENTITY_UNPROVEN",
    `The console log of ${machine.server} shows no host keys.`,
    {
      server: machine.server,
      hint: 'cloud-init prints them unless the image forbids it. `bootmachine console` shows the log; hostIdentity: "injected" needs no console.',
    },
  );
}
