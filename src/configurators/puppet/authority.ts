import { UserError } from "../../errors/error.ts";
import type { Resource } from "../../program/resource.ts";
import type { Agent, ConfiguratorCheck, ConfiguratorContext } from "../contract.ts";
import { comparedCertificate, dataFile, type Layout } from "./layout.ts";

/** Shell text, in the authority's folder: `then` for each certificate or request, its name in `$name`, its SHA-256 in `$print`. */
function forEach(folder: "signed" | "requests", then: string): string {
  return `for file in ${folder}/*.pem ${folder}/.*.pem; do
  [ -f "$file" ] || continue
  name=\${file##*/}
  name=\${name%.pem}
  print=$(openssl ${folder === "signed" ? "x509" : "req"} -in "$file" -outform DER 2>/dev/null | openssl dgst -sha256 -c)
  print=\${print##* }
  ${then}
done`;
}

/**
 * `accepted|waiting FINGERPRINT NAME` for each certificate and each request at the authority; it is read from its files. Whoever
 * asks for a certificate chooses its name, and blanks may be in it: it comes last. Puppet Server takes none with a line's end.
 */
export function agentsScript({ authority }: Layout): string {
  const line = (state: string): string => `printf '%s %s %s\\n' ${state} "\${print:--}" "$name"`;
  return `cd ${authority} || exit 1
${forEach("signed", line("accepted"))}
${forEach("requests", line("waiting"))}`;
}

export function parseAgents(text: string): readonly Agent[] {
  return text.split("\n").flatMap((line) => {
    const [, state, print = "", id = ""] = /^(accepted|waiting) (\S+) (.+)$/.exec(line) ?? [];
    if (state !== "accepted" && state !== "waiting") return [];
    return [{ id, state, ...(print === "-" ? {} : { fingerprint: print.toUpperCase() }) }];
  });
}

/** Shell text: `then` where `$name` is no member's. Blanks may be in it: "web1 db1" is none, where both are. */
function exceptMembers(members: readonly string[], then: string): string {
  return `case $name in ${members.join(" | ") || "''"}) ;; *) ${then} ;; esac`;
}

/** Revokes a server's certificate, and takes away a request that waits under its name and what is kept of it. */
export function revokeResources(layout: Layout, server: string): readonly Resource[] {
  const { authority, bin } = layout;
  return [
    {
      type: "command",
      id: `puppet certificate of ${server} revoked`,
      check: `[ ! -e ${authority}/signed/${server}.pem ] && [ ! -e ${authority}/requests/${server}.pem ]`,
      // The tool fails for a request without a certificate; a request is a file and nothing else.
      run: `rm -f ${authority}/requests/${server}.pem && { [ ! -e ${authority}/signed/${server}.pem ] || ${bin}/puppetserver ca clean --certname ${server}; }`,
    },
    { type: "file", path: dataFile(layout, server), state: "absent" },
    { type: "file", path: comparedCertificate(server), state: "absent" },
  ];
}

/**
 * Takes away the request that has this fingerprint, under whatever name it waits. A certificate goes by its name: one of a
 * stranger's, which somebody has signed by hand, fails here and says so; a member's stays.
 *
 * @throws UserError USAGE for what is no fingerprint
 */
export function revokeKeyResources(
  { authority }: Layout,
  fingerprint: string,
  members: readonly string[],
): readonly Resource[] {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){31}$/iu.test(fingerprint)) {
    throw new UserError(
      "USAGE",
      `${JSON.stringify(fingerprint)} is no fingerprint of a request for a certificate.`,
      {
        hint: "`bootmachine configurator agents` shows them: 32 pairs of hexadecimal digits with colons in between.",
      },
    );
  }
  const found = (folder: "signed" | "requests", then: string): string =>
    forEach(folder, `[ "$print" != ${fingerprint.toLowerCase()} ] || ${then}`);
  const strange = (then: string): string => found("signed", exceptMembers(members, then));
  return [
    {
      type: "command",
      id: `no request with the fingerprint ${fingerprint} waits`,
      check: `cd ${authority} || exit 1
${strange("exit 1")}
${found("requests", "exit 1")}`,
      run: `cd ${authority} || exit 1
${found("requests", `rm -f -- "$file" || exit 1`)}
${strange(`{ echo "this is the certificate of $name, which is no member: revoke it by its name" >&2; exit 1; }`)}`,
    },
  ];
}

/**
 * The authority has certificates of members alone. Requests that wait harm nobody, and are shown among the agents: a stranger
 * who knocks must not be able to make every proof fail.
 */
export function membersOnly(
  { authority }: Layout,
  context: ConfiguratorContext,
): ConfiguratorCheck {
  const members = context.members.map(({ server }) => server);
  return {
    id: "certificates",
    title: "the authority has signed the members' certificates and no others",
    resource: {
      type: "command",
      id: "certificates",
      check: `cd ${authority} || exit 1
strange=
for file in signed/*.pem signed/.*.pem; do
  [ -e "$file" ] || continue
  name=\${file##*/}
  name=\${name%.pem}
  ${exceptMembers(members, 'strange="$strange $name"')}
done
[ -z "$strange" ] || { echo "there are certificates of$strange, which are no members: revoke them"; false; }`,
      showCheckOutput: true,
    },
  };
}
