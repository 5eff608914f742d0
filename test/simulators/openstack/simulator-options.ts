export interface SimulatorOptions {
  /** How long each call takes, ms. Default 1. */
  readonly latencyMs?: number;
  /** How long a server is built, ms. Default 20. */
  readonly buildMs?: number;
  /** How long lists show no new server, and still show a deleted one, ms. Default 0. */
  readonly lagMs?: number;
  /** How long a token lives, ms. Default one hour. */
  readonly tokenMs?: number;
  /** More calls than this in any such time are refused: with 429, by Rackspace with 413. */
  readonly limit?: {
    readonly calls: number;
    readonly windowMs: number;
    /** Those that make, change or remove something, logins apart. Default: all calls. */
    readonly counts?: "writes";
  };
  /** Nova does not tell when a server was first active. Default false. */
  readonly hidesLaunch?: boolean;
  /** Rackspace's ways: its identity service, networks, images, and what it refuses. Default false. */
  readonly isRackspace?: boolean;
  /** What the cloud does to a server once it is active, as the server's metadata tells. */
  readonly automation?: {
    readonly key: string;
    /** The key is not there before. */
    readonly beginsAfterMs: number;
    readonly takesMs: number;
    readonly during: string;
    readonly endsWith: string;
  };
}
