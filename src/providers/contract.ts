/** How sure we are that a host key belongs to the machine. Strongest first. */
export const IDENTITY_PROOFS = [
  "published", // the provider hands the key out over its own authenticated channel
  "pinned", // the user gave it
  "injected", // we made it, put it into user-data, and replace it over the first session
  "console", // its fingerprint stands in the console log
  "first-use", // nothing proves it; the user said that this is accepted
] as const;
export type IdentityProof = (typeof IDENTITY_PROOFS)[number];

export interface HostIdentity {
  readonly proof: IdentityProof;
  /** Public keys, `TYPE BASE64`, without comment. Empty for "first-use". */
  readonly keys: readonly string[];
}

export type MachineStatus =
  /** Asked for; not yet usable. */
  | "creating"
  | "running"
  | "stopped"
  /** The provider says that it is broken; `detail` says why. */
  | "failed";

/** User-data writes a nonce to `/var/lib/bootmachine/first-boot`: it proves that this very text was carried out there. */
export interface FirstBootMark {
  readonly nonce: string;
  /** Nothing but user-data lets anybody in: who is in without it is not where he thinks. Else its absence is only told. */
  readonly isOnlyWay: boolean;
}

/** What a provider holds for a server. */
export interface Machine {
  /** The provider's own id. */
  readonly id: string;
  /** The stack's and the server's name, from our tags. */
  readonly stack: string;
  readonly server: string;
  readonly status: MachineStatus;
  /** Why, for "failed" and "creating". */
  readonly detail?: string;
  /** Reached from the controller; empty while none is known ("an address that comes late"). */
  readonly publicAddresses: readonly string[];
  /** Reached from the other members. May be the same. */
  readonly privateAddresses: readonly string[];
  /** How to log in the first time. */
  readonly login: { readonly user: string; readonly port: number };
  /** What the machine's user-data leaves on it; absent where it got none. A new machine is asked for it in its first session. */
  readonly firstBoot?: FirstBootMark;
  readonly image: string;
  readonly size: string;
  /** ISO 8601; absent where the provider does not say. */
  readonly createdAt?: string;
}

/** The provider's name of the image, or the distro with its release ("debian-13"): the newest image of it. */
export type ImageWish = string | { readonly distro: string };

/** The provider's name of the size, or what the machine must have: the smallest size that has all of it. */
export type SizeWish =
  | string
  | {
      /** 1-512. */
      readonly cpus: number;
      /** GiB, 0.25-16384. */
      readonly memoryGb: number;
      /** Of the root disk, GiB, 1-65536. Default: as the image needs. */
      readonly diskGb?: number | undefined;
    };

/** What is wanted for a server. */
export interface MachineRequest {
  readonly server: string;
  readonly roles: readonly string[];
  /** Absent: the provider's default. */
  readonly image?: ImageWish;
  /** Absent: the provider's default. */
  readonly size?: SizeWish;
  /** Public keys that may log in the first time, in authorized_keys form. */
  readonly bootstrapKeys: readonly string[];
  /** Carried by the create call, so that a lost answer is looked up and never sent twice. */
  readonly token: string;
}

/** What a config says of a server, as far as it is a provider's affair. */
export interface ServerWish extends Omit<MachineRequest, "token" | "bootstrapKeys"> {
  /**
   * The weakest proof of a host key that the config accepts for this server; a provider that may know of none tells it as a
   * problem. Absent: the question is about the rest alone.
   */
  readonly identity?: "proven" | "first-use";
}

/** What is wrong with the entry of a server. */
export interface WishProblem {
  /** "server": neither its image nor its size. */
  readonly about: "image" | "size" | "server";
  /** One sentence without its full stop, with what there is instead: "local has no image "x"; it has debian-12". */
  readonly message: string;
}

export interface ImageInfo {
  readonly name: string;
  /** What it is, for people: "Debian 12 (bookworm)". */
  readonly title: string;
  /** `debian-12` where it is known, for neutral wishes. */
  readonly distro?: string;
  /** Such as "cached", "not built yet". */
  readonly note?: string;
}

export interface SizeInfo {
  readonly name: string;
  /** 0: no limit. */
  readonly cpus: number;
  /** 0: no limit. */
  readonly memoryMb: number;
  readonly diskGb?: number;
  readonly note?: string;
  /** True for the one that a server gets that asks for none. Absent everywhere: nothing is known of that one beforehand. */
  readonly isDefault?: boolean;
}

/** What may come in to the machines of a stack, for providers that have a firewall around them. */
export interface Inlet {
  readonly protocol: "tcp" | "udp";
  /** 1-65535, both included. */
  readonly fromPort: number;
  readonly toPort: number;
  /** "stack": the stack's own machines; else addresses and CIDR blocks. */
  readonly from: "anywhere" | "stack" | readonly string[];
}

/** What is wanted of the firewall that a provider has around the stack's machines. */
export interface SharedWish {
  /** All that may come in once every machine is on its declared way: the declared ssh ports, and the openings. */
  readonly inlets: readonly Inlet[];
  /** What must come in besides until then: the first login of new machines, and ssh ports that hosts are about to leave. */
  readonly meanwhile: readonly Inlet[];
  /**
   * - `open`: lets in `inlets` and `meanwhile`, and closes nothing: some machine may still need what is open.
   * - `close`: lets in `inlets`, and closes the rest. First it opens, then it closes.
   * - `plan`: changes nothing, and tells what `open` would do.
   */
  readonly mode: "open" | "close" | "plan";
}

/** What `ensureShared` has done; with `plan`: would do. All of it for people. */
export interface SharedReport {
  /** "the security group bootmachine.shop". */
  readonly made: readonly string[];
  /** "tcp 2849 from anywhere". */
  readonly opened: readonly string[];
  readonly closed: readonly string[];
  /** Comes in now, and is not among the wish's `inlets`: what `close` would close. */
  readonly surplus: readonly string[];
}

/** One call to a provider's service, as it stands in the journal. It holds no secret. */
export interface ProviderCall {
  /** What it was for: "create the server web1". */
  readonly what: string;
  readonly method: string;
  /** Without credentials. */
  readonly url: string;
  /** Of HTTP; undefined where no answer came. */
  readonly status: number | undefined;
  readonly ms: number;
  /** The provider's own, for its support. */
  readonly requestId?: string;
}

/** What a run is about to do. */
export interface ExpectedWork {
  /** Servers whose machine would be made. */
  readonly creates: number;
  /** Servers whose machine is there. */
  readonly present: number;
}

export interface ExpectedCalls {
  /** About so many, polls included, and rather too many than too few. */
  readonly calls: number;
  /** The most in any hour; absent: no limit is known. */
  readonly perHour?: number;
  /** Those of them that make, change or remove something, where the service counts them apart; the most in any minute. */
  readonly writes?: { readonly calls: number; readonly perMinute: number };
}

/** What every call gets. */
export interface ProviderContext {
  /** The stack's name: part of every tag and name. Two stacks never touch each other. */
  readonly stack: string;
  readonly signal: AbortSignal;
  /** What is being done now, for the live view: "building image debian-12 (18 s)". */
  readonly progress: (text: string) => void;
  /** Told of every call to the provider's service. */
  readonly trace?: (call: ProviderCall) => void;
}

export interface DestroyOutcome {
  /** False where nothing was there. */
  readonly existed: boolean;
  /** What was left on purpose, for people: "not destroyed: the host is yours". */
  readonly note?: string;
}

/** Something that was made for a server beside its machine, and outlived it: it may cost money, and nobody uses it. */
export interface Leftover {
  /** What it is, in a few words: "elastic address", "volume". */
  readonly kind: string;
  /** The provider's own name of it: "203.0.113.7". */
  readonly name: string;
  readonly server: string;
}

/** What the options alone tell of a server, for a rehearsal of the stack on another provider. */
export interface RehearsalFacts {
  /** Of the server's image, such as "debian-13"; absent: nothing tells it. */
  readonly distro?: string;
  /** What the server's size has at least; absent: nothing tells it. */
  readonly needs?: Exclude<SizeWish, string>;
  /** What has no place elsewhere, each in a few words that fit into a list: "floating addresses". */
  readonly notRehearsed: readonly string[];
}

export interface ProviderCapabilities {
  /**
   * False for `existing`: destroy forgets, and nobody but the host itself can say that it is there. `bootmachine boot` asks
   * each such host for its key then, which has to be one of those that `identity` gives; the runs that go on to a session
   * see it there.
   */
  readonly creates: boolean;
  readonly reboots: boolean;
  readonly console: boolean;
  readonly images: boolean;
  readonly sizes: boolean;
  /** What the provider can prove about host keys, strongest first. */
  readonly identity: readonly IdentityProof[];
  /**
   * Where the user gives a server's host key ("hosts.web1.hostKey"), for messages about a key that has changed. Absent: the
   * user gives none, and a machine whose key has changed is made anew.
   */
  readonly hostKeyOption?: (server: string) => string;
}

/**
 * Where machines come from. A plain object from a factory, passed by value in the config.
 *
 * Reconcile, never assume: observe → create if missing → bring in line → return, one path every time.
 * "Already exists" and "not found" are races, not failures; "exists and is not ours" is refused (NOT_OURS).
 * Every wait has a limit and ends at `signal`. An answer that never came is "unknown": look it up by
 * token and tags; never send a create again blindly. `src/testing.ts` has the suite that defines "supported".
 */
export interface Provider {
  readonly kind: "provider";
  readonly apiVersion: 1;
  readonly name: string;
  readonly capabilities: ProviderCapabilities;

  /** Says what the provider lacks on this computer or in this account (packages, rights, credentials) before anything is
   * touched; `install` may be called after the user saw the list. Absent: nothing is ever missing. */
  prerequisites?(context: ProviderContext): Promise<Prerequisites>;

  /** All machines of this stack, in any state, found by our tags. Where several stand for one server (a create whose answer
   * was lost came through late) all of them, the one that `ensure` keeps first. */
  observe(context: ProviderContext): Promise<readonly Machine[]>;
  /** All machines that bootmachine made here, of whatever stack. */
  list(context: ProviderContext): Promise<readonly Machine[]>;
  /**
   * Looks for all that the config names for a new machine and that `check` alone cannot know of, such as an image by an id
   * that no list shows, a network, a zone; a provider that is told so here has nothing made in vain. Makes nothing. Called for
   * each server that has no machine, at the same time as `images` and `sizes`, before `ensureShared`; by a plan too. Absent:
   * `check` knows all.
   *
   * @throws what `ensure` would, before it makes anything
   */
  refuseUnknown?(request: ServerWish, context: ProviderContext): Promise<void>;
  /**
   * Brings in line what the stack's machines share, such as a security group, also where all of them exist.
   *
   * A run that may change things calls it before its first `ensure` to open, and at its end to close, but only where every
   * machine of the stack is known to be on its declared way. A plan calls it to be told. What `ensure` makes for itself,
   * where nothing is there yet, lets in the first login.
   */
  ensureShared?(wish: SharedWish, context: ProviderContext): Promise<SharedReport>;
  /** Makes sure that the server's machine exists and runs, and returns it as soon as an address is known. Removes others
   * that stand for the same server. */
  ensure(request: MachineRequest, context: ProviderContext): Promise<Machine>;
  /** The strongest proof that can be had for the machine's host key. Called before the first connection. */
  identity(machine: Machine, context: ProviderContext): Promise<HostIdentity>;
  /**
   * Keeps what `identity` answers from now on, where every controller finds it: called while an injected key is being
   * replaced (both keys, still "injected") and once it has been (the new one, "published" by the provider's own channel).
   * Absent: only the controller that replaced the key knows the new one.
   */
  keepIdentity?(machine: Machine, identity: HostIdentity, context: ProviderContext): Promise<void>;
  /**
   * What was made for servers of this stack that have no machine, found by our tags whatever the options say now.
   * `destroy` of the server removes it. Absent: nothing outlives a machine here.
   */
  leftovers?(context: ProviderContext): Promise<readonly Leftover[]>;
  /** Removes the machine and all that was made for it, whatever the options say now; works on half-made ones; idempotent. */
  destroy(server: string, context: ProviderContext): Promise<DestroyOutcome>;
  /**
   * Called by `destroy` of a whole stack after its last server: removes what the stack shared (networks, groups),
   * whatever the options say now.
   */
  destroyShared?(context: ProviderContext): Promise<void>;
  reboot(machine: Machine, how: "soft" | "hard", context: ProviderContext): Promise<void>;
  /** The console log, oldest line first. */
  console(machine: Machine, context: ProviderContext): Promise<string>;
  images(context: ProviderContext): Promise<readonly ImageInfo[]>;
  sizes(context: ProviderContext): Promise<readonly SizeInfo[]>;
  /**
   * What a rehearsal elsewhere may know of a server. Asks nobody. Absent: the wishes and the image's name tell what they
   * can.
   */
  rehearsalFacts?(request: Omit<MachineRequest, "token" | "bootstrapKeys">): RehearsalFacts;
  /** About how many calls to its service so much work takes, for clouds that count them. Asks nobody. Absent: nobody counts. */
  expectedCalls?(work: ExpectedWork): ExpectedCalls;
  /** Removes what is kept for later servers and used by none now (built images, fetched packages); returns names. */
  removeCache?(context: ProviderContext): Promise<readonly string[]>;
  /**
   * Problems of the request that can be told without asking anybody: an image or size that there is not. Called when a
   * config is read, and again once `images` and `sizes` were answered and before anything is made: a provider whose
   * lists come from a service keeps the last ones for it.
   */
  check(request: ServerWish): readonly WishProblem[];
}

export interface Prerequisites {
  /** What cannot be mended from here: "local needs Linux". One sentence each; empty when all is well. */
  readonly missing: readonly string[];
  /** Operating-system packages that would be installed, by name; empty when nothing is. */
  readonly packages: readonly string[];
  /** Installs `packages`. */
  install(): Promise<void>;
}
