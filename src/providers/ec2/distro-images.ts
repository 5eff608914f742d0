import type { Architecture, Ec2Image } from "./images.ts";

interface DistroImages {
  /** The account that publishes them: anybody can publish an image of any name. */
  readonly owner: string;
  /** How its images are called; `*` stands for anything. */
  readonly pattern: (release: string, architecture: string) => string;
  /** The word for the architecture in these names. */
  readonly words: Readonly<Record<Architecture, string>>;
  /** The whole name, with the release in it: the same account publishes other images, called much alike. */
  readonly release: RegExp;
  /** Who may log in first. */
  readonly user: string;
}

const DEBIAN_WORDS = { x86_64: "amd64", arm64: "arm64" };
const RED_HAT_WORDS = { x86_64: "x86_64", arm64: "aarch64" };

/**
 * The distros' own images.
 *
 * https://wiki.debian.org/Cloud/AmazonEC2Image, https://documentation.ubuntu.com/aws/, https://rockylinux.org/download,
 * https://wiki.almalinux.org/cloud/AWS.html, https://fedoraproject.org/cloud/download,
 * https://docs.aws.amazon.com/linux/al2023/ug/ec2.html
 */
const DISTROS: Readonly<Record<string, DistroImages>> = {
  debian: {
    owner: "136693071363",
    pattern: (release, architecture) => `debian-${release}-${architecture}-*`,
    words: DEBIAN_WORDS,
    // Others: backports' kernel ("debian-12-backports-amd64-…").
    release: /^debian-(\d+)-(?:amd64|arm64)-\d{8}-\d+$/,
    user: "admin",
  },
  ubuntu: {
    owner: "099720109477",
    pattern: (release, architecture) =>
      `ubuntu/images/hvm-ssd*/ubuntu-*-${release}-${architecture}-server-*`,
    words: DEBIAN_WORDS,
    // Others: minimal, Pro, for EKS, daily ones.
    release:
      /^ubuntu\/images\/hvm-ssd(?:-gp3)?\/ubuntu-[a-z]+-(\d+\.\d+)-(?:amd64|arm64)-server-\d{8}(?:\.\d+)?$/,
    user: "ubuntu",
  },
  rocky: {
    owner: "792107900819",
    pattern: (release, architecture) => `Rocky-${release}-EC2-Base-*.${architecture}`,
    words: RED_HAT_WORDS,
    // Others: with LVM.
    release: /^Rocky-(\d+)-EC2-Base-\d+\.\d+-\d{8}\.\d+\.(?:x86_64|aarch64)$/,
    user: "rocky",
  },
  almalinux: {
    owner: "764336703387",
    pattern: (release, architecture) => `AlmaLinux OS ${release}.* ${architecture}`,
    words: RED_HAT_WORDS,
    // Others: Kitten, betas, for older processors (x86_64_v2), with larger pages.
    release: /^AlmaLinux OS (\d+)\.\d+\.\d{8}(?:\.\d+)? (?:x86_64|aarch64)$/,
    user: "ec2-user",
  },
  fedora: {
    owner: "125523088429",
    pattern: (release, architecture) => `Fedora-Cloud-Base-AmazonEC2.${architecture}-${release}-*`,
    words: RED_HAT_WORDS,
    // Others: betas ("43_Beta-1.3"), nightly composes ("44-20260918.n.0").
    release: /^Fedora-Cloud-Base-AmazonEC2\.(?:x86_64|aarch64)-(\d+)-\d+\.\d+$/,
    user: "fedora",
  },
  amazon: {
    owner: "137112412989",
    pattern: (release, architecture) => `al${release}-ami-${release}.*-${architecture}`,
    words: { x86_64: "x86_64", arm64: "arm64" },
    // Others: minimal, for ECS, with a newer kernel than that of the release.
    release: /^al(\d{4})-ami-\d{4}\.\d+\.\d{8}\.\d+-kernel-6\.1-(?:x86_64|arm64)$/,
    user: "ec2-user",
  },
};

export const DISTRO_OWNERS: readonly string[] = Object.values(DISTROS).map(({ owner }) => owner);

/** The names of all images that the distros publish for themselves. */
export function distroPatterns(): readonly string[] {
  return Object.values(DISTROS).flatMap(({ pattern, words }) =>
    Object.values(words).map((word) => pattern("*", word)),
  );
}

/** `debian-12`, for an image that the distro itself has published. */
export function publishedDistroOf({
  name,
  owner,
}: Pick<Ec2Image, "name" | "owner">): string | undefined {
  for (const [distro, { owner: publisher, release }] of Object.entries(DISTROS)) {
    const match = owner === publisher ? release.exec(name) : null;
    if (match !== null) return `${distro}-${match[1]}`;
  }
  return undefined;
}

/** The distro's name in the name of somebody's own image, such as "debian-12-golden": for who may log in, for no more. */
function namedDistroOf({ name }: Pick<Ec2Image, "name">): string | undefined {
  return Object.keys(DISTROS).find((distro) =>
    new RegExp(`(^|[^a-z])${distro}([^a-z]|$)`, "i").test(name),
  );
}

/** Who may log in first: a distro's account has one user on all of its images. Undefined: nothing tells. */
export function loginUserOf(image: Pick<Ec2Image, "name" | "owner">): string | undefined {
  const published = Object.values(DISTROS).find(({ owner }) => owner === image.owner);
  return (published ?? DISTROS[namedDistroOf(image) ?? ""])?.user;
}
