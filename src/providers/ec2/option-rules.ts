/** What is wrong with options that are right one by one. */
export interface OptionProblem<K extends string> {
  readonly path: K;
  readonly message: string;
  readonly hint: string;
}

export interface VolumeWish {
  readonly type: string;
  readonly iops?: number | undefined;
  readonly throughput?: number | undefined;
  readonly encrypted: boolean;
  readonly kmsKey?: string | undefined;
}

/** https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html */
export function volumeProblems({
  type,
  iops,
  throughput,
  encrypted,
  kmsKey,
}: VolumeWish): readonly OptionProblem<keyof VolumeWish>[] {
  const problems: OptionProblem<keyof VolumeWish>[] = [];
  const isProvisioned = type === "io1" || type === "io2";
  if (isProvisioned && iops === undefined) {
    const hint = `A volume of the type ${type} has as many as one asks for: set 100 or more.`;
    problems.push({ path: "iops", message: "is missing", hint });
  }
  if (iops !== undefined && !isProvisioned && type !== "gp3") {
    const hint = 'Leave it out, or take the type "gp3", "io1" or "io2".';
    problems.push({ path: "iops", message: `is not for volumes of the type ${type}`, hint });
  }
  if (iops !== undefined && type === "gp3" && iops >= 100 && iops < 3000) {
    const hint = "Every volume of the type gp3 has 3000: set more, or leave it out.";
    problems.push({ path: "iops", message: "must be 3000 or more for the type gp3", hint });
  }
  if (throughput !== undefined && type !== "gp3") {
    const hint = 'Leave it out, or take the type "gp3".';
    problems.push({ path: "throughput", message: `is not for volumes of the type ${type}`, hint });
  }
  if (kmsKey !== undefined && !encrypted) {
    const hint = "Set `encrypted` to true, or leave `kmsKey` out.";
    problems.push({ path: "kmsKey", message: "is for a volume that is encrypted", hint });
  }
  return problems;
}

export interface ReachWish {
  readonly publicAddress?: boolean | undefined;
  readonly elasticAddress: boolean;
  readonly ipv6: boolean;
  readonly accessAddress?: "public" | "private" | undefined;
  readonly ownSecurityGroup: boolean;
  readonly securityGroups: readonly string[];
}

/** With these no server could ever be reached. */
export function reachProblems(wish: ReachWish): readonly OptionProblem<keyof ReachWish>[] {
  const problems: OptionProblem<keyof ReachWish>[] = [];
  if (wish.publicAddress === false && mustBePublic(wish)) {
    problems.push({
      path: "accessAddress",
      message: 'is "public", and publicAddress: false leaves the servers without such an address',
      hint: "Set `publicAddress` or `elasticAddress` to true, or `accessAddress` to private.",
    });
  }
  if (!wish.ownSecurityGroup && wish.securityGroups.length === 0) {
    problems.push({
      path: "ownSecurityGroup",
      message: "is false, and no group in securityGroups lets ssh in",
      hint: "Name a group of yours in `securityGroups` that does, or leave `ownSecurityGroup` out.",
    });
  }
  return problems;
}

/** Whether the only way to the servers is a public IPv4 address that EC2 gives them when it starts them. */
export function mustBePublic({
  accessAddress,
  elasticAddress,
  ipv6,
}: Pick<ReachWish, "accessAddress" | "elasticAddress" | "ipv6">): boolean {
  return accessAddress === "public" && !elasticAddress && !ipv6;
}
