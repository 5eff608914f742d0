import type { HostFacts } from "../../host/facts.ts";

/**
 * What a virtual environment for Ansible is made of, pinned by version and by the SHA-256 of every wheel that may be taken: for
 * Python 3.11 to 3.14 with glibc on x86_64 and aarch64, as published on PyPI. With hashes it does not matter from where a
 * wheel comes, so a mirror needs no trust. To renew: `pip download --only-binary=:all:` for each Python and architecture.
 */
interface PinnedPackage {
  readonly name: string;
  readonly version: string;
  readonly sha256: readonly string[];
}

/** The newest release, for Python 3.12 and later on the master, and the newest for Python 3.11. */
const RELEASES = [
  {
    version: "2.21.5",
    sha256: "08886f9f3e23d129aa98a01271c4a47833516e1cb7c737a246788cb474f41222",
  },
  {
    version: "2.19.14",
    sha256: "d518d0e96fa75bedfe9b0a96d5b158aa712d092961824c115140c8677b88ff06",
  },
] as const;

const DEPENDENCIES: readonly PinnedPackage[] = [
  {
    name: "cffi",
    version: "2.1.1",
    sha256: [
      "3311ed60d36f83378794e1009ac6258bafbf81f7888b4caa7b35a521e3f95813",
      "34e261f78cb6ceaaa36f42f2613f4380d94d9c759a9c73c769ee6e0247364632",
      "68e62fe11f30d5ca8289242866f0a5291402d8529ca2178ab8afc5c9694ae890",
      "c1453022f490d2459a11819d83ad1d586e9ff65a12ac3e705ffebd46d3685dcf",
      "f16c709686a78c727bbbf059f92b0bf41c6fc60deec706d2dc19f529175a6125",
      "a931079504ecc49efed7744c476a5c343a92fabf66dec2db95edb1b2fdc770e2",
      "58acb8ab8e295e6c5ea12f888cbb13cf21511ef2a3303a23f4325c29d17fe5c1",
      "b0431303acaea1089ad4b3e9ce4e6518193def1118d4073ca848635ee4ea2e96",
    ],
  },
  {
    name: "cryptography",
    version: "50.0.2",
    sha256: [
      "79def8d059362e7831389ed3be0ecdf58a89386e1271e35dd9f5af84e81bffd0",
      "630ebfea3bf689d075f82316324ff7433dc447fe6bc1bfc76524b74b4a9567d2",
    ],
  },
  {
    name: "jinja2",
    version: "3.1.6",
    sha256: ["85ece4451f492d0c13c5dd7c13a64681a86afae63a5f347908daf103ce6d2f67"],
  },
  {
    name: "markupsafe",
    version: "3.0.4",
    sha256: [
      "849dd2bb0e5e4ab2b71c7191726a4a8d5aa8a610daa584728cbee0b710ddc4ef",
      "6da83a088f8ef93b2d483a8232a4dbf4d69d3d8496b568a03c56becac43e1808",
      "6a45c3d514f2436064db00d7fc8778d888f0236ebfed649b53d13a59e69ad51b",
      "8e124f974786f831d6043728e38296969d3579db8896fe004682f5758e613581",
      "7018d4af1cd272e847aa5917983ab5e83e4f6579f9dbfecd4a79c0ca80b144c2",
      "434139499bb20b502ed3baa1f169e618f924a97e7a777fea1a49446d80106cf6",
      "1caa2fa5a6184fb233153b35f654e6687bd555476f6170f29d8ee9be1a8b0af9",
      "a8e9f292fcda89b324f2f5c91d13f1424a153e40fc2756f38ee23b15835ff300",
    ],
  },
  {
    name: "packaging",
    version: "26.3",
    sha256: ["d7193f7c8e4e93f444fde0262bf90af30e16fa0ad0ad44cb553c87339b23cd1c"],
  },
  {
    name: "pycparser",
    version: "3.12",
    sha256: ["a076f3f489b39b43ed13563a1dafe42447445bec2e294154ec5c57fcdda4c85e"],
  },
  {
    name: "pyyaml",
    version: "6.0.3",
    sha256: [
      "10892704fc220243f5305762e276552a0395f7beb4dbf9b14ec8fd43b57f126c",
      "b8bb0864c5a28024fac8a632c443c87c5aa6f215c0b126c449ae1a150412f31d",
      "9149cad251584d5fb4981be1ecde53a1ca46c891a79788c0df828d2f166bda28",
      "ba1cc08a7ccde2d2ec775841541641e4548226580ab850948cbfda66a1befcdc",
      "ee2922902c45ae8ccada2c5b501ab86c36525b883eff4255313a253a3160861c",
      "0f29edc409a6392443abf94b9cf89ce99889a1dd5376d94316ae5145dfedd5d6",
      "501a031947e3a9025ed4405a168e6ef5ae3126c59f90ce0cd6f2bfc477be31b7",
      "c458b6d084f9b935061bc36216e8a69a7e293a2f1e68bf956dcd9e6cbcd143f5",
    ],
  },
  {
    name: "resolvelib",
    version: "1.2.1",
    sha256: ["fb06b66c8da04172d9e72a21d7d06186d8919e32ae5ab5cdf5b9d920be805ac2"],
  },
];

/** True where every file that goes into the environment is known by its hash. */
export function isPinned(version: string): boolean {
  return RELEASES.some((release) => release.version === version);
}

/** Minor versions of Python 3 in Debian's releases, and the least that the series of ansible-core from 2.x on need. */
const PYTHONS: Readonly<Record<string, number>> = { "11": 9, "12": 11, "13": 13 };
const LEAST_PYTHONS: readonly (readonly [series: number, python: number])[] = [
  [20, 12],
  [18, 11],
  [16, 10],
];

/** The master's Python 3, by its minor version; undefined where bootmachine does not know what the system has. */
function pythonOf({ osId, osVersion }: Pick<HostFacts, "osId" | "osVersion">): number | undefined {
  return osId === "debian" ? PYTHONS[osVersion.split(".")[0] ?? ""] : undefined;
}

function leastPythonFor(version: string): number {
  const series = Number(version.split(".")[1]);
  return LEAST_PYTHONS.find(([from]) => series >= from)?.[1] ?? 0;
}

/** The release for a master, where the user names none: the newest that its Python can run, or the oldest that is known. */
export function defaultVersion(facts: Pick<HostFacts, "osId" | "osVersion">): string {
  const [newest, older] = RELEASES;
  const python = pythonOf(facts) ?? Infinity;
  return python >= leastPythonFor(newest.version) ? newest.version : older.version;
}

/** Why a release does not run on a master; undefined where it does, as far as bootmachine knows. */
export function whyNotOn(
  facts: Pick<HostFacts, "osId" | "osVersion" | "osPrettyName">,
  version: string,
): string | undefined {
  const python = pythonOf(facts);
  const least = leastPythonFor(version);
  if (python === undefined || python >= least) return undefined;
  return `ansible-core ${version} needs Python 3.${least}, and ${facts.osPrettyName} has 3.${python}: take install "distro", or a master with a newer release`;
}

/** The requirements file of one release: with hashes where they are known, otherwise by exact version alone. */
export function renderRequirements(version: string): string {
  const release = RELEASES.find((each) => each.version === version);
  const head = "# Written by bootmachine, and put back by it when it is changed.\n";
  if (release === undefined) return `${head}ansible-core==${version}\n`;
  const packages: readonly PinnedPackage[] = [
    { name: "ansible-core", version, sha256: [release.sha256] },
    ...DEPENDENCIES,
  ];
  return head + packages.map(renderPackage).join("");
}

function renderPackage({ name, version, sha256 }: PinnedPackage): string {
  return `${[`${name}==${version}`, ...sha256.map((hash) => `    --hash=sha256:${hash}`)].join(" \\\n")}\n`;
}
