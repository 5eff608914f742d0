import { AnswerStore } from "../../cloud/answer-store.ts";
import { type CallCounts, callLimits } from "../../cloud/call-limit.ts";
import type { Caller } from "../../cloud/caller.ts";
import { MachineWatch } from "../../cloud/machine-watch.ts";
import { ProviderError } from "../../errors/error.ts";
import type { Environment } from "../../stack/environment.ts";
import { suggestWord } from "../../stack/suggest.ts";
import type { Account } from "./account.ts";
import { OpenStackClient } from "./client.ts";
import { type GlanceImage, listImages, readImage } from "./glance.ts";
import { listNetworks, type NeutronNetwork } from "./neutron.ts";
import { listServers, type NovaServer } from "./nova.ts";
import { listFlavors, type NovaFlavor } from "./nova-choices.ts";
import type { ImageChoice, OpenStackSettings } from "./options.ts";
import { readAccount } from "./read-account.ts";
import { chooseImage, findImage, isImageId } from "./wishes.ts";

/** One project of one OpenStack: its client, and what does not change while a run lasts, asked for once. */
export class Cloud {
  readonly client: OpenStackClient;
  readonly watch: MachineWatch<NovaServer>;
  /** Servers that this process made, by `stack.server`: a list may not show them yet. */
  readonly made = new Map<string, string>();
  readonly #answers = new AnswerStore();
  readonly #fixedNetworks: readonly NeutronNetwork[];

  constructor(
    client: OpenStackClient,
    pollMs: number,
    fixedNetworks: readonly NeutronNetwork[] = [],
  ) {
    this.client = client;
    this.#fixedNetworks = fixedNetworks;
    this.watch = new MachineWatch(async (caller) => await listServers(client, caller), pollMs);
  }

  /** @throws UserError CONFIG_INVALID, CONFIG_UNREADABLE for credentials that are missing or no good. */
  static async open(settings: OpenStackSettings, env: Environment): Promise<Cloud> {
    const wish = { cloud: settings.cloud, region: settings.region };
    return await Cloud.connect(settings, await readAccount(wish, { env, cwd: process.cwd() }));
  }

  /** @param fixedNetworks Those that are there for every account and stand in no list. */
  static async connect(
    settings: OpenStackSettings & CallCounts,
    account: Account,
    fixedNetworks: readonly NeutronNetwork[] = [],
  ): Promise<Cloud> {
    const client = await OpenStackClient.open({
      account,
      callTimeoutMs: settings.callTimeoutMs,
      limits: callLimits(settings),
      retryMs: settings.pollMs / 2,
    });
    return new Cloud(client, settings.pollMs, fixedNetworks);
  }

  async flavors(caller: Caller): Promise<readonly NovaFlavor[]> {
    return await this.#answers.once("flavors", async () => await listFlavors(this.client, caller));
  }

  async networks(caller: Caller): Promise<readonly NeutronNetwork[]> {
    return await this.#answers.once(
      "networks",
      async () => await listNetworks(this.client, caller),
    );
  }

  async images(caller: Caller): Promise<readonly GlanceImage[]> {
    return await this.#answers.once(
      "images",
      async () => await listImages(this.client, undefined, caller),
    );
  }

  /** The image that is meant. @throws UserError IMAGE_UNKNOWN, with near names */
  async image(wish: ImageChoice, caller: Caller): Promise<GlanceImage> {
    const images = await this.images(caller);
    // Images of the community and hidden ones stand in no list, and can be booted by whoever knows the id.
    if (!isImageId(wish) || findImage(wish, images) !== undefined) return chooseImage(wish, images);
    const unlisted = await this.#answers.once(
      `image ${wish}`,
      async () => await readImage(this.client, wish, caller),
    );
    return unlisted ?? chooseImage(wish, images);
  }

  /** The networks of new servers. @throws ProviderError PROVIDER_NOT_FOUND, with what there is */
  async serverNetworks(
    wish: readonly string[] | undefined,
    caller: Caller,
  ): Promise<readonly NeutronNetwork[]> {
    const fixed = this.#fixedNetworks;
    const isMeant =
      (word: string) =>
      ({ name, id }: NeutronNetwork): boolean =>
        name === word || id === word;
    const areFixed = wish?.every((word) => fixed.some(isMeant(word))) === true;
    const all = areFixed ? fixed : [...fixed, ...(await this.networks(caller))];
    if (wish !== undefined) {
      return wish.map((word) => {
        const found = all.find(isMeant(word));
        if (found !== undefined) return found;
        throw new ProviderError("PROVIDER_NOT_FOUND", `OpenStack has no network ${word}.`, {
          hint: suggestWord(
            word,
            all.map(({ name }) => name),
            "networks",
          ),
        });
      });
    }
    // One without a subnet gives no address; an external one is for floating addresses.
    const usable = all.filter((one) => one.subnets.length > 0 && !one["router:external"]);
    const [only, ...others] = usable;
    if (only !== undefined && others.length === 0) return [only];
    const names = (only === undefined ? all : usable).map(({ name }) => name).join(", ");
    throw new ProviderError(
      "PROVIDER_NOT_FOUND",
      only === undefined
        ? "The project has no network for servers."
        : "The project has several networks, and none is named.",
      {
        hint: `Set openstack({ networks: ["…"] })${names === "" ? "" : ` to one or more of: ${names}`}.`,
      },
    );
  }

  /** What a share of servers needs and one asks for: an answer is kept, a failure is not. */
  async shared<T>(what: string, caller: Caller, ask: (caller: Caller) => Promise<T>): Promise<T> {
    return await this.#answers.once(what, async () => await ask(caller));
  }

  forget(what: string): void {
    this.#answers.forget(what);
  }
}
