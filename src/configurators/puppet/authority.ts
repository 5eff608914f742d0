import type { Resource } from "../../program/resource.ts";
import type { Agent, ConfiguratorCheck, ConfiguratorContext } from "../contract.ts";
import { comparedCertificate, dataFile, type Layout } from "./layout.ts";

/**
 * `accepted|waiting FINGERPRINT NAME` for each certificate and each request at the authority; it is read from its files. Whoever
 * asks for a certificate chooses its name, and blanks may be in it: it comes last. Puppet Server takes none with a line's end.
 */
export function agentsScript({ authority }: Layout): string {
  return `cd ${authority} || exit 1
for file in signed/*.pem requests/*.pem; do
  [ -e "$file" ] || continue
  name=\${file##*/}
  case $file in
    signed/*) state=accepted; print=$(openssl x509 -in "$file" -outform DER 2>/dev/null | openssl dgst -sha256 -c) ;;
    *) state=waiting; print=$(openssl req -in "$file" -outform DER 2>/dev/null | openssl dgst -sha256 -c) ;;
  esac
  print=\${print##* }
  printf '%s %s %s\\n' "$state" "\${print:--}" "\${name%.pem}"
done`;
}

export function parseAgents(text: string): readonly Agent[] {
  return text.split("\n").flatMap((line) => {
    const [, state, print = "", id = ""] = /^(accepted|waiting) (\S+) (.+)$/.exec(line) ?? [];
    if (state !== "accepted" && state !== "waiting") return [];
    return [
      { id, state, ...(print === "-" ? {} : { fingerprint: `SHA256 ${print.toUpperCase()}` }) },
    ];
  });
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
for file in signed/*.pem; do
  [ -e "$file" ] || continue
  name=\${file##*/}
  name=\${name%.pem}
  case " ${members.join(" ")} " in *" $name "*) ;; *) strange="$strange $name" ;; esac
done
[ -z "$strange" ] || { echo "there are certificates of$strange, which are no members: revoke them"; false; }`,
      showCheckOutput: true,
    },
  };
}
