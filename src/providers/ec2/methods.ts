import { pause } from "../../cloud/caller.ts";
import { hostKeysIn } from "../../cloud/console-keys.ts";
import { machineName } from "../../cloud/names.ts";
import { Turns } from "../../cloud/turns.ts";
import { ProviderError, RefusedError } from "../../errors/error.ts";
import type { Environment } from "../../stack/environment.ts";
import type { Machine, Provider, ProviderContext } from "../contract.ts";
import { readAccount } from "./account.ts";
import type { KnownChoice } from "./check-wishes.ts";
import { Cloud } from "./cloud.ts";
import { ensureGroups, groupKey } from "./create-machine.ts";
import { imageList, sizeList } from "./choices.ts";
import { ensureMachine } from "./ensure-machine.ts";
import { type Ec2Instance, readConsole, readInstance } from "./instances.ts";
import { writeTags } from "./tags.ts";
import { removeKeyPairs } from "./key-pairs.ts";
import { chooseMachine } from "./machine-choice.ts";
import {
  identityOf,
  identityTags,
  isGoing,
  isFailed,
  isGone,
  isOf,
  isOurs,
  keptFirst,
  SERVER,
  STACK,
  toMachine,
} from "./marks.ts";
import type { Ec2Settings } from "./options.ts";
import { rebootMachine } from "./reboot-machine.ts";
import { listLeftovers, removeMachine, removeStragglers } from "./remove-machine.ts";
import { removeSecurityGroups } from "./security-group.ts";

/** What a provider does, apart from what it says of itself. */
export type Ec2Methods = Required<
  Pick<
    Provider,
    | "observe"
    | "list"
    | "refuseUnknown"
    | "ensureShared"
    | "ensure"
    | "identity"
    | "keepIdentity"
    | "leftovers"
    | "destroy"
    | "destroyShared"
    | "reboot"
    | "console"
    | "images"
    | "sizes"
  >
>;

/** Everything that calls EC2, loaded when it is first needed. @param known What the lists held is kept there. */
export function makeMethods(
  settings: Ec2Settings,
  environment: Environment,
  known: KnownChoice,
): Ec2Methods {
  const turns = new Turns();
  let opened: Cloud | undefined;

  const open = (): Cloud => {
    opened ??= new Cloud(settings, readAccount(settings, environment));
    return opened;
  };

  /** What is there, and what EC2 has ended by itself and nothing has replaced. */
  const machines = async (
    context: ProviderContext,
    claim: (instance: Ec2Instance) => boolean,
  ): Promise<readonly Machine[]> => {
    const cloud = open();
    const own = (await cloud.watch.fresh(context)).filter(claim);
    const label = ({ tags }: Ec2Instance): string => `${tags[STACK]}.${tags[SERVER]}`;
    const alive = new Set(own.filter((entry) => !isGoing(entry)).map(label));
    const failed = new Map(
      own
        .filter(
          (entry) => isFailed(entry) && !alive.has(label(entry)) && !cloud.buried.has(entry.id),
        )
        .map((entry) => [label(entry), entry]),
    );
    const shown = own.filter((entry) => {
      if (isFailed(entry)) return failed.get(label(entry)) === entry;
      return !isGone(entry) && !(isGoing(entry) && alive.has(label(entry)));
    });
    return keptFirst(shown).map((entry) => toMachine(entry, settings));
  };

  return {
    observe: async (context) => await machines(context, (entry) => isOf(entry, context.stack)),
    list: async (context) => await machines(context, isOurs),
    refuseUnknown: async (request, context) => {
      await chooseMachine(open(), settings, request, context);
    },
    ensureShared: async (wish, context) => await ensureGroups(open(), settings, wish, context),
    ensure: async (request, context) =>
      await turns.take(
        machineName(context.stack, request.server),
        async () => await ensureMachine(open(), settings, request, context),
      ),
    identity: async (machine, context) => {
      const cloud = open();
      const kept =
        cloud.kept.get(machine.id) ?? identityOf(await instanceOf(machine, cloud, context));
      if (kept !== undefined) return kept;
      const named = { id: machine.id, name: machine.server };
      const deadline = Date.now() + settings.bootTimeoutMs;
      for (let waitMs = settings.pollMs; ; waitMs = Math.min(waitMs * 1.5, 15_000)) {
        const keys = hostKeysIn(await readConsole(cloud.api, named, context));
        if (keys.length > 0) return { proof: "console", keys };
        if (Date.now() + waitMs > deadline) throw noKeysInConsole(machine);
        context.progress("waiting for the host keys in the console output");
        await pause(waitMs, context.signal);
      }
    },
    keepIdentity: async (machine, identity, context) => {
      const cloud = open();
      const named = { id: machine.id, name: machine.server };
      await writeTags(cloud.api, named, identityTags(identity), context);
      cloud.kept.set(machine.id, identity);
    },
    leftovers: async (context) => await listLeftovers(open(), context),
    destroy: async (server, context) => ({
      existed: await turns.take(
        machineName(context.stack, server),
        async () => await removeMachine(open(), settings, server, context),
      ),
    }),
    destroyShared: async (context) => {
      const cloud = open();
      const limitMs = settings.bootTimeoutMs;
      await removeSecurityGroups(
        cloud,
        context.stack,
        limitMs,
        context,
        async () => await removeStragglers(cloud, settings, context),
      );
      cloud.forget(groupKey(context.stack));
      await removeKeyPairs(cloud, context.stack, context);
    },
    reboot: async (machine, how, context) => {
      const cloud = open();
      const instance = await readInstance(cloud.api, machine.id, context);
      if (instance === undefined || isGoing(instance)) throw notThere(machine);
      await rebootMachine(cloud, settings, instance, how, context);
    },
    console: async (machine, context) =>
      await readConsole(open().api, { id: machine.id, name: machine.server }, context),
    images: async (context) => {
      known.images = await open().images(context);
      return imageList(known.images);
    },
    sizes: async (context) => {
      known.types = await open().types(context);
      return sizeList(known.types, settings);
    },
  };
}

/** The instance that a machine stands for. Only we change its tags: a list that was seen is good enough. */
async function instanceOf(
  machine: Machine,
  cloud: Cloud,
  context: ProviderContext,
): Promise<Ec2Instance> {
  const instance =
    cloud.watch.lastSeen(machine.id) ?? (await readInstance(cloud.api, machine.id, context));
  if (instance !== undefined) return instance;
  throw notThere(machine);
}

function notThere(machine: Machine): ProviderError {
  return new ProviderError(
    "PROVIDER_NOT_FOUND",
    `EC2 has no server ${machine.server} (${machine.id}) any more.`,
    { server: machine.server },
  );
}

function noKeysInConsole(machine: Machine): RefusedError {
  return new RefusedError(
    "IDENTITY_UNPROVEN",
    `The console output of ${machine.server} shows no host keys.`,
    {
      server: machine.server,
      hint: 'cloud-init prints them unless the image forbids it. `bootmachine console` shows the output; hostIdentity: "injected" needs no console.',
    },
  );
}
