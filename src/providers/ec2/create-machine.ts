import type { RunInstancesCommandInput } from "@aws-sdk/client-ec2";

import { AnswerLostError } from "../../cloud/answer-lost-error.ts";
import { machineName } from "../../cloud/names.ts";
import { sayingNothingWasMade } from "../../cloud/nothing-was-made.ts";
import { ProviderError, TimeoutError } from "../../errors/error.ts";
import type { MachineRequest, ProviderContext, SharedReport, SharedWish } from "../contract.ts";
import { type Place, placeKey, placeText } from "./capacity-ladder.ts";
import type { Cloud } from "./cloud.ts";
import { isRefusal } from "./failures.ts";
import { refuseUnknownGroups } from "./further-groups.ts";
import type { Ec2Image } from "./images.ts";
import { type Ec2Instance, runInstance } from "./instances.ts";
import { ensureKeyPair } from "./key-pairs.ts";
import { chooseMachine } from "./machine-choice.ts";
import { isOf, TOKEN } from "./marks.ts";
import type { Ec2Settings } from "./options.ts";
import { makeRunRequest } from "./run-request.ts";
import { bringGroupInLine, ensureSecurityGroup } from "./security-group.ts";
import { untilKnown } from "./until-known.ts";

/** A lost create is sent again only after nobody saw it, and not more often than this. */
const MAX_SENDS = 3;
/** What was made a moment ago, and is not known everywhere yet. */
const MADE_JUST_NOW = /^Invalid(Group|KeyPair)\.NotFound$/;

/** Sends the create, and makes sure that it was carried out once. @returns the instance's id. */
export async function createMachine(
  cloud: Cloud,
  settings: Ec2Settings,
  request: MachineRequest,
  context: ProviderContext,
): Promise<string> {
  const prepared = await prepare(cloud, settings, request, context);
  // A place that had no room for another server a moment ago is tried last.
  const places = prepared.places.toSorted(
    (one, other) => Number(cloud.isFull(placeKey(one))) - Number(cloud.isFull(placeKey(other))),
  );
  const refusals: ProviderError[] = [];
  for (const place of places) {
    context.progress(`creating (image ${prepared.image.name}, ${placeText(place)})`);
    try {
      const id = await send(cloud, settings, request, prepared.toInput(place), context);
      cloud.made.set(machineName(context.stack, request.server), id);
      return id;
    } catch (thrown) {
      if (!(thrown instanceof ProviderError) || thrown.code !== "PROVIDER_CAPACITY") throw thrown;
      cloud.markFull(placeKey(place));
      refusals.push(thrown);
    }
  }
  throw noCapacity(request.server, places, refusals);
}

async function send(
  cloud: Cloud,
  settings: Ec2Settings,
  request: MachineRequest,
  input: RunInstancesCommandInput,
  context: ProviderContext,
): Promise<string> {
  const name = machineName(context.stack, request.server);
  for (let sends = 1; ; sends += 1) {
    try {
      const instance = await untilKnown(
        settings.settleMs,
        context,
        async () => await sayingNothingWasMade(runInstance(cloud.api, input, name, context)),
        (thrown) => isRefusal(thrown, MADE_JUST_NOW),
      );
      return instance.id;
    } catch (thrown) {
      if (!(thrown instanceof AnswerLostError)) throw thrown;
      context.progress("the answer to the create did not come: looking for the server");
      const found = await lookFor(cloud, settings, request, context);
      if (found !== undefined) return found.id;
      if (sends === MAX_SENDS) throw thrown;
      // The same ClientToken: EC2 makes no second one. If a cloud does, both bear our tags, and one is removed.
    }
  }
}

/** The instance that a lost answer was about. */
async function lookFor(
  cloud: Cloud,
  settings: Ec2Settings,
  { server, token }: MachineRequest,
  context: ProviderContext,
): Promise<Ec2Instance | undefined> {
  try {
    return await cloud.watch.until(
      {
        claim: (instances) =>
          instances.find(
            (instance) => isOf(instance, context.stack, server) && instance.tags[TOKEN] === token,
          ),
        limitMs: settings.settleMs,
        what: "The server of a create without an answer was not seen",
      },
      context,
    );
  } catch (thrown) {
    if (thrown instanceof TimeoutError) return undefined;
    throw thrown;
  }
}

interface Prepared {
  readonly image: Ec2Image;
  readonly places: readonly Place[];
  readonly toInput: (place: Place) => RunInstancesCommandInput;
}

/** Everything that the create names; what the stack shares is made here. */
async function prepare(
  cloud: Cloud,
  settings: Ec2Settings,
  request: MachineRequest,
  context: ProviderContext,
): Promise<Prepared> {
  const { stack } = context;
  const { image, places, login, diskGb } = await chooseMachine(cloud, settings, request, context);
  // What is wrong with the wishes is known by now: only then is anything made.
  const [groups, keyName] = await Promise.all([
    securityGroups(cloud, settings, context),
    ensureKeyPair(cloud, settings, stack, request.bootstrapKeys, context),
  ]);
  const toInput = makeRunRequest({
    settings,
    stack,
    request,
    image,
    login,
    groups,
    keyName,
    diskGb,
  });
  return { image, places, toInput };
}

async function securityGroups(
  cloud: Cloud,
  settings: Ec2Settings,
  context: ProviderContext,
): Promise<readonly string[]> {
  if (!settings.ownSecurityGroup) return settings.securityGroups;
  return [await ownGroup(cloud, settings, context), ...settings.securityGroups];
}

/** The id of the stack's own group; one caller makes it for all. */
async function ownGroup(
  cloud: Cloud,
  settings: Ec2Settings,
  context: ProviderContext,
): Promise<string> {
  const { stack } = context;
  return await cloud.shared(groupKey(stack), async () => {
    const place = { stack, vpc: await vpcOf(cloud, context) };
    return await ensureSecurityGroup(cloud, settings, place, context);
  });
}

/**
 * Brings the stack's own group in line, unless there is to be none; servers that are made from now on are put into it without
 * another look.
 */
export async function ensureGroups(
  cloud: Cloud,
  settings: Ec2Settings,
  wish: SharedWish,
  context: ProviderContext,
): Promise<SharedReport> {
  const { stack } = context;
  const place = { stack, vpc: await vpcOf(cloud, context) };
  await refuseUnknownGroups(cloud, settings, place.vpc, context);
  if (!settings.ownSecurityGroup) return { made: [], opened: [], closed: [], surplus: [] };
  cloud.forget(groupKey(stack));
  const { id, report } = await bringGroupInLine(cloud, settings, place, wish, context);
  if (wish.mode !== "plan") await cloud.shared(groupKey(stack), () => Promise.resolve(id));
  return report;
}

async function vpcOf(cloud: Cloud, context: ProviderContext): Promise<string> {
  const [subnet] = await cloud.subnets(context);
  return subnet?.vpc ?? "";
}

/** Under which the id of the stack's group is kept while a run lasts. */
export function groupKey(stack: string): string {
  return `security group of ${stack}`;
}

function noCapacity(
  server: string,
  places: readonly Place[],
  refusals: readonly ProviderError[],
): ProviderError {
  const last = refusals.at(-1);
  const isSpotOnly = places.every(({ spot }) => spot !== undefined);
  const tooLow = refusals.some((refusal) => isRefusal(refusal, /^SpotMaxPriceTooLow$/));
  const ways = [
    "Name more sizes in `size` (a list), more `zones` or `subnets`",
    ...(tooLow ? ["raise `spot.maxPrice`, or leave it out"] : []),
    ...(isSpotOnly ? ["let `spot.fallback` take servers on demand"] : []),
    "or try later",
  ];
  return new ProviderError(
    "PROVIDER_CAPACITY",
    `EC2 has no room for ${server}: tried ${places.map(placeText).join("; ")}. ${last?.message ?? ""}`.trim(),
    {
      server,
      cause: last,
      hint: `${ways.join(", ")}.`,
    },
  );
}
