import { type Environment, loadingEnvironment } from "../../stack/environment.ts";
import { parsePluginOptions } from "../../stack/plugin-options.ts";
import type { Provider } from "../contract.ts";
import { checkWishes, type KnownChoice } from "./check-wishes.ts";
import { expectedCalls } from "./expected-calls.ts";
import type { Ec2Methods } from "./methods.ts";
import { type Ec2Options, ec2OptionsSchema } from "./options.ts";
import { rehearsalFacts } from "./rehearsal-facts.ts";

/**
 * Servers of one account in one region of Amazon EC2.
 *
 * It needs the package `@aws-sdk/client-ec2`, which you install beside bootmachine; for images by parameter also
 * `@aws-sdk/client-ssm`. Credentials and region are found as by the AWS tools. Servers are found by their tags; what the
 * stack's servers share (a security group; if wanted a key pair) carries the stack's name. `destroy` removes all of it.
 *
 * Nothing is read, loaded or called until one of the methods is.
 *
 * @param environment Where `AWS_*` are looked up. Default: what the config is loaded with. The SDK looks up profiles by
 *   itself.
 * @throws UserError CONFIG_INVALID for options that break the schema.
 */
export function ec2(
  options: Ec2Options = {},
  environment: Environment = loadingEnvironment(),
): Provider {
  const settings = parsePluginOptions("provider", "ec2", ec2OptionsSchema, options);
  const known: KnownChoice = {};
  let loaded: Promise<Ec2Methods> | undefined;
  // A config that names another provider must not wait for all this.
  const load = async (): Promise<Ec2Methods> => {
    loaded ??= import("./methods.ts").then((module) =>
      module.makeMethods(settings, environment, known),
    );
    return await loaded;
  };
  return {
    kind: "provider",
    apiVersion: 1,
    name: "ec2",
    capabilities: {
      creates: true,
      reboots: true,
      console: true,
      images: true,
      sizes: true,
      identity: ["published", "injected", "console"],
    },
    check: (request) => checkWishes(settings, known, request),
    expectedCalls: (work) => expectedCalls(settings, work),
    rehearsalFacts: (request) => rehearsalFacts(settings, request),
    observe: async (context) => await (await load()).observe(context),
    list: async (context) => await (await load()).list(context),
    refuseUnknown: async (request, context) => await (await load()).refuseUnknown(request, context),
    ensureShared: async (wish, context) => await (await load()).ensureShared(wish, context),
    ensure: async (request, context) => await (await load()).ensure(request, context),
    identity: async (machine, context) => await (await load()).identity(machine, context),
    keepIdentity: async (machine, identity, context) =>
      await (await load()).keepIdentity(machine, identity, context),
    leftovers: async (context) => await (await load()).leftovers(context),
    destroy: async (server, context) => await (await load()).destroy(server, context),
    destroyShared: async (context) => await (await load()).destroyShared(context),
    reboot: async (machine, how, context) => await (await load()).reboot(machine, how, context),
    console: async (machine, context) => await (await load()).console(machine, context),
    images: async (context) => await (await load()).images(context),
    sizes: async (context) => await (await load()).sizes(context),
  };
}
