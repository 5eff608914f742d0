import { z } from "zod";

import { hostFolder } from "../../stack/host-folder.ts";
import { aptAddress } from "../../stack/web-address.ts";
import { whyNoSetting } from "./refused-settings.ts";

/** Settings of puppet.conf, by name. */
const section = z.record(
  z.string(),
  z.string().regex(/^[^\r\n]*$/, "a setting of puppet.conf is one line"),
);

/** The series of OpenVox that there are. */
export const OPENVOX_SERIES = ["8", "9"] as const;
export type OpenvoxSeries = (typeof OPENVOX_SERIES)[number];

/** A release of OpenVox, whole or its beginning. */
const release = z
  .string()
  .regex(
    /^[89](\.(0|[1-9]\d{0,3})){0,2}$/,
    'a version is "8", "8.28" or "8.28.0", of the series 8 or 9',
  );

const seriesIn = (version: string | undefined): string | undefined => version?.split(".")[0];

/** Options of the `puppet` configurator. All have defaults. */
export const puppetOptionsSchema = z
  .strictObject({
    /**
     * "openvox": the community's build of Puppet, from its own repositories. "distro": what the distro ships (Debian 12: agent
     * 7 and server 7; Debian 13: 8 and 8). Default "openvox". Servers that have one of them cannot change to the other: the
     * packages exclude each other.
     */
    packages: z.enum(["openvox", "distro"]).default("openvox"),
    /**
     * The release of OpenVox's agent, whole or its beginning: "8", "8.28", "8.28.0"; the series is 8 or 9. apt takes no other,
     * and a change of it goes back as well as forward. Default: "8", whatever release of it is the newest.
     */
    version: release.optional(),
    /**
     * The same of OpenVox's server, which counts its releases apart from the agent's: "8.14", "8.14.1"; only beside `version`,
     * and of its series. Default: with `version`, the newest of its series.
     */
    serverVersion: release.optional(),
    /** OpenVox's packages from a mirror, or signed with another key. Default: https://apt.voxpupuli.org, the project's own key. */
    repository: z
      .strictObject({
        /** The address of a mirror of OpenVox's apt repository, up to the folder that holds `dists`. Default: OpenVox's own. */
        url: aptAddress.optional(),
        /** The OpenPGP public key that it is signed with: the armoured text, or a file that holds it. Default: OpenVox's own. */
        key: z.string().min(1).optional(),
      })
      .refine(({ url, key }) => url !== undefined || key !== undefined, {
        message: "names neither a mirror (`url`) nor a key (`key`)",
      })
      .readonly()
      .optional(),
    /**
     * Your environment: a folder with `manifests`, and what you have of `modules`, `site-modules`, `data`, `hiera.yaml`,
     * `environment.conf`; counted from the config's folder. Absent: an empty environment.
     */
    tree: z.string().min(1).optional(),
    /**
     * The folder of the environments on the master; your tree is in it under the environment's name. Default: the packages' own,
     * /etc/puppetlabs/code/environments, or /etc/puppet/code/environments of the distro.
     */
    remoteDir: hostFolder.optional(),
    /** The environment's name at the master. Default "production". */
    environment: z
      .string()
      .regex(/^[a-z0-9_]+$/, "an environment's name has lower-case letters, digits and underscores")
      .refine((name) => !["main", "agent", "server", "master", "user"].includes(name), {
        message: "this name means something else to Puppet",
      })
      .default("production"),
    /** "service": the agent runs by itself, every `runInterval`. "on-demand": it runs when it is asked to. Default "service". */
    agent: z.enum(["service", "on-demand"]).default("service"),
    /** How often the agent service runs: "30m", "1h". Default "30m". */
    runInterval: z
      .string()
      .regex(/^[1-9]\d*[smhd]$/, 'an interval is a number and s, m, h or d, such as "30m"')
      .default("30m"),
    /**
     * Memory for Puppet Server's Java heap, MB, 256-65536. The process takes some 400 MB more than that. Default: 512 on a
     * master of less than 3 GB, 1024 below 6 GB, else 2048.
     */
    heapMb: z.number().int().min(256).max(65_536).optional(),
    /**
     * Show what changes inside files. Puppet shows the new text of every file that is not marked as sensitive, so take it only
     * where your manifests mark what is secret. Default false.
     */
    showDiff: z.boolean().default(false),
    /** More settings of puppet.conf, by its sections. Default: none. */
    settings: z
      .strictObject({
        main: section.meta({ description: "For all of Puppet's programs." }),
        agent: section.meta({ description: "For the agent alone." }),
        server: section.meta({ description: "For Puppet Server alone." }),
      })
      .partial()
      .superRefine((sections, context) => {
        for (const [name, values] of Object.entries(sections)) {
          for (const setting of Object.keys(values ?? {})) {
            const message = whyNoSetting(setting);
            if (message !== undefined) {
              context.addIssue({ code: "custom", path: [name, setting], message });
            }
          }
        }
      })
      .default({}),
    /** Files of the tree that hold secrets, by pattern: only root and Puppet Server may read them. Default: private keys. */
    secrets: z
      .array(z.string().min(1))
      .default(["**/*.key", "**/private_key*.pem", "data/secrets/**"]),
  })
  .refine(({ packages, repository }) => packages === "openvox" || repository === undefined, {
    path: ["repository"],
    message: 'packages "distro" come from the distro\'s own repositories',
  })
  .superRefine(({ packages, version, serverVersion }, context) => {
    const refuse = (name: "version" | "serverVersion", message: string): void =>
      context.addIssue({ code: "custom", path: [name], message });
    if (packages === "distro") {
      const message = 'counts for packages "openvox": the distro has one release of Puppet';
      if (version !== undefined) refuse("version", message);
      if (serverVersion !== undefined) refuse("serverVersion", message);
    } else if (serverVersion !== undefined && seriesIn(serverVersion) !== seriesIn(version)) {
      refuse(
        "serverVersion",
        version === undefined
          ? `stands beside \`version\`, which is not there: "${seriesIn(serverVersion)}" is its series`
          : `is of another series than \`version\`, ${version}`,
      );
    }
  })
  .readonly();

export type PuppetOptions = z.input<typeof puppetOptionsSchema>;
export type PuppetSettings = z.output<typeof puppetOptionsSchema>;
