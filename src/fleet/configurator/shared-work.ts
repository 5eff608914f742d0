import { resolve } from "node:path";

import type {
  ConfiguratorContext,
  Download,
  MemberReport,
  Tree,
} from "../../configurators/contract.ts";
import type { LocalTree } from "../../host/tree/local-tree.ts";
import { readLocalTree } from "../../host/tree/local-tree.ts";
import type { SizeInfo } from "../../providers/contract.ts";
import type { BroughtTree } from "./bring-trees.ts";
import type { FetchedFile } from "./fetch-download.ts";

export type ReportsByServer = ReadonlyMap<string, MemberReport>;

/** What is done once in a run, on behalf of all members. */
export class SharedWork {
  readonly #directory: string;
  readonly #trees = new Map<string, Promise<LocalTree>>();
  readonly #fetched = new Map<string, Promise<FetchedFile>>();
  #sizes: Promise<readonly SizeInfo[]> | undefined;
  #publishing: Promise<readonly BroughtTree[]> | undefined;
  readonly #ready: ConfiguratorContext[] = [];
  #toolRun: Promise<ReportsByServer> | undefined;

  /** `directory`: the config's own, from which the trees' folders count. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The tree as it lies on the operator's computer, read once for all servers that get the same. */
  readTree(tree: Tree): Promise<LocalTree> {
    const key = JSON.stringify([tree.name, tree.local, tree.files, tree.modes]);
    const reading =
      this.#trees.get(key) ??
      readLocalTree(
        tree.local === undefined ? tree : { ...tree, local: resolve(this.#directory, tree.local) },
      );
    this.#trees.set(key, reading);
    return reading;
  }

  /** The file as it lies on the operator's computer, fetched once for all servers that get the same. */
  fetched({ source }: Download, work: () => Promise<FetchedFile>): Promise<FetchedFile> {
    const key = JSON.stringify(source);
    const fetching = this.#fetched.get(key) ?? work();
    this.#fetched.set(key, fetching);
    return fetching;
  }

  /** The provider's sizes, asked for once. */
  sizes(work: () => Promise<readonly SizeInfo[]>): Promise<readonly SizeInfo[]> {
    this.#sizes ??= work();
    return this.#sizes;
  }

  /** Brings the master's trees there, by whoever comes first; everybody waits for the same. */
  publish(work: () => Promise<readonly BroughtTree[]>): Promise<readonly BroughtTree[]> {
    this.#publishing ??= work();
    return this.#publishing;
  }

  /** The member wants to be part of the common run of the tool. */
  joinToolRun(member: ConfiguratorContext): void {
    this.#ready.push(member);
  }

  /** The common run, for all who have joined when the first one asks: everybody else is settled by then. */
  toolRun(
    work: (members: readonly ConfiguratorContext[]) => Promise<ReportsByServer>,
  ): Promise<ReportsByServer> {
    this.#toolRun ??= work(this.#ready);
    return this.#toolRun;
  }
}
