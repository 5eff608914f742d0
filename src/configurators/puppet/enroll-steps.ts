import { quote } from "../../program/quote.ts";
import type { Resource } from "../../program/resource.ts";
import type { ConfiguratorContext, ConnectedMember, Step } from "../contract.ts";
import { hieraData } from "./hiera-data.ts";
import { released } from "./install-resources.ts";
import {
  AGENT_SERVICE,
  COMPARED_KEY,
  comparedCertificate,
  dataFile,
  type Layout,
  layoutOf,
  SERVER_SERVICE,
} from "./layout.ts";
import type { PuppetSettings } from "./options.ts";
import { startServer } from "./server-start.ts";

/** Java, Clojure and JRuby have to start; on a small server under load that was seen to take minutes. */
const SLOW_SECONDS = 1800;

/**
 * How a member and the certificate authority come to know each other, all of it over ssh and nothing of it over Puppet's own
 * port: the authority's certificate goes to the member before the agent speaks to anybody; the member's request is read from
 * its own disk and is the only one that is signed; the certificate is brought back.
 *
 * What openssl has once compared is remembered by its checksum, in files of root's: a look starts neither it nor Ruby or Java,
 * but for the one question whether the certificate is still good. Where there is nothing to do a member costs four round trips.
 */
export function enrollSteps(
  settings: PuppetSettings,
  context: ConfiguratorContext,
): readonly Step[] {
  const { member, master } = context;
  if (master === undefined) return [];
  const layout = layoutOf(settings);
  return member.isMaster
    ? [authorityStep(layout, member), daemonStep(settings, layout)]
    : certificateSteps(settings, layout, member);
}

/** The master makes its authority, and with it its own certificate. */
function authorityStep(layout: Layout, member: ConnectedMember): Step {
  return {
    on: "member",
    title: "making the certificate authority and starting Puppet Server",
    resources: () => [
      authority(layout, member.server),
      serverData(layout, member),
      released(SERVER_SERVICE),
      runningServer(layout),
    ],
  };
}

function certificateSteps(
  settings: PuppetSettings,
  layout: Layout,
  member: ConnectedMember,
): readonly Step[] {
  const { server } = member;
  return [
    {
      on: "master",
      title: "reading the authority's certificate",
      // Nothing here makes it: the master's own steps have, and a plan that comes before them ends here.
      resources: () => [
        {
          type: "command",
          id: "puppet authority is there",
          check: `[ -s ${layout.authority}/ca_crt.pem ]`,
        },
      ],
      read: { name: "authority", script: `cat ${layout.authority}/ca_crt.pem` },
    },
    {
      on: "member",
      title: "making the key and the request",
      resources: ({ authority: pem = "" }) => [
        trustedAuthority(layout, pem),
        keyAndRequest(layout, server),
      ],
      read: { name: "request", script: `cat ${ownFiles(layout, server).request}` },
    },
    {
      on: "master",
      title: "signing the request that was read on the server",
      // The data first: an agent that is trusted is never without it.
      resources: ({ request = "" }) => [
        serverData(layout, member),
        signed(layout, server, request),
      ],
      read: { name: "certificate", script: `cat ${layout.authority}/signed/${server}.pem` },
    },
    {
      on: "member",
      title: "writing the certificate, looking at the agent's service",
      resources: ({ certificate = "" }) => [
        ownCertificate(layout, server, certificate),
        ...daemon(settings, layout),
      ],
    },
  ];
}

function daemonStep(settings: PuppetSettings, layout: Layout): Step {
  return {
    on: "member",
    title: "looking at the agent's service",
    resources: () => daemon(settings, layout),
  };
}

/** The agent service begins with the first run; from then on it is kept. */
function daemon({ agent }: PuppetSettings, layout: Layout): readonly Resource[] {
  return [
    released(AGENT_SERVICE),
    agent === "service"
      ? {
          type: "service",
          name: AGENT_SERVICE,
          enabled: true,
          running: true,
          onlyIf: `[ -e ${layout.summary} ]`,
          skipReason: "it is started by the first run",
        }
      : { type: "service", name: AGENT_SERVICE, enabled: false, running: false },
  ];
}

/** What the server's catalogue is made from, on the master; a revocation takes it away. */
function serverData(layout: Layout, { server, data }: ConnectedMember): Resource {
  return { type: "file", path: dataFile(layout, server), content: hieraData(data) };
}

function ownFiles(
  { ssl }: Layout,
  server: string,
): { readonly key: string; readonly request: string; readonly certificate: string } {
  return {
    key: `${ssl}/private_keys/${server}.pem`,
    request: `${ssl}/certificate_requests/${server}.pem`,
    certificate: `${ssl}/certs/${server}.pem`,
  };
}

/** Sets `owner` to who owns Puppet's files: the packages make a user for it. */
const OWNER = "owner=root:root; ! id -u puppet >/dev/null 2>&1 || owner=puppet:puppet";

function authority(layout: Layout, server: string): Resource {
  const { authority: folder, ssl, bin } = layout;
  const { certificate, key } = ownFiles(layout, server);
  const begun = `${folder}.begun`;
  return {
    type: "command",
    id: "puppet authority",
    check: `[ ! -e ${begun} ] && [ -s ${folder}/ca_crt.pem ] && [ -s ${key} ] && cmp -s ${folder}/ca_crt.pem ${ssl}/certs/ca.pem &&
  openssl verify -CAfile ${folder}/ca_crt.pem ${certificate} >/dev/null 2>&1`,
    run: `if [ -e ${folder}/ca_crt.pem ] && [ ! -e ${begun} ]; then
  echo "there is a certificate authority in ${folder}, and ${certificate} is not a certificate of it" >&2
  exit 1
fi
# What an interrupted attempt has left was never used. Without an authority the agent's keys are of no use either.
umask 027
mkdir -p ${parentOf(folder)} && : >${begun} && rm -rf ${folder} ${ssl}/ca ${ssl}/certs ${ssl}/private_keys ${ssl}/public_keys ${ssl}/certificate_requests ${ssl}/crl.pem &&
${bin}/puppetserver ca setup --certname ${server} --subject-alt-names ${server} && rm -f ${begun}`,
    timeoutSeconds: SLOW_SECONDS,
  };
}

function runningServer(layout: Layout): Resource {
  return {
    type: "command",
    id: "puppet server runs",
    check: `systemctl is-enabled --quiet ${SERVER_SERVICE} && systemctl is-active --quiet ${SERVER_SERVICE}`,
    run: `systemctl enable --quiet ${SERVER_SERVICE} || exit 1\n${startServer(layout)}`,
    timeoutSeconds: SLOW_SECONDS,
  };
}

/** The agent trusts this authority and no other; what it had from another one is of no use any more. */
function trustedAuthority({ ssl }: Layout, pem: string): Resource {
  return {
    type: "command",
    id: "puppet authority's certificate",
    check: `[ "$(cat ${ssl}/certs/ca.pem 2>/dev/null)" = ${quote(pem)} ]`,
    run: `${OWNER}
systemctl stop ${AGENT_SERVICE} 2>/dev/null
rm -rf ${ssl}/certs ${ssl}/private_keys ${ssl}/public_keys ${ssl}/certificate_requests ${ssl}/crl.pem &&
mkdir -p ${ssl}/certs ${ssl}/certificate_requests && mkdir -m 0750 ${ssl}/private_keys &&
printf '%s\\n' ${quote(pem)} >${ssl}/certs/ca.pem.new &&
chown -R "$owner" ${ssl} && mv ${ssl}/certs/ca.pem.new ${ssl}/certs/ca.pem`,
  };
}

/** As the agent would make them: RSA, 4096 bits. That the two belong together is remembered by their checksums. */
function keyAndRequest(layout: Layout, server: string): Resource {
  const { key, request } = ownFiles(layout, server);
  return {
    type: "command",
    id: "puppet key and request",
    check: `sha256sum --check --status ${COMPARED_KEY}`,
    run: `${OWNER}
umask 027
# A key that openssl cannot read was cut off while it was written.
if ! openssl pkey -in ${key} -noout 2>/dev/null; then
  openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096 -out ${key}.new 2>/dev/null &&
  chmod 0640 ${key}.new && chown "$owner" ${key}.new && mv ${key}.new ${key} || exit 1
fi
if [ "$(openssl req -in ${request} -noout -pubkey 2>/dev/null)" != "$(openssl pkey -in ${key} -pubout)" ]; then
  openssl req -new -sha256 -key ${key} -subj /CN=${server} -out ${request}.new &&
  chown "$owner" ${request}.new && mv ${request}.new ${request} || exit 1
fi
umask 077
mkdir -p ${parentOf(COMPARED_KEY)} && sha256sum ${key} ${request} >${COMPARED_KEY}.new && mv ${COMPARED_KEY}.new ${COMPARED_KEY}`,
  };
}

/**
 * Signs this request and no other. One that waits under the same name with another key, from somebody who knocked at the
 * master's port, is refused: it gives way to the one that was read over ssh. Afterwards the key in the certificate is held
 * against the one in the request, and both are kept side by side: as long as they are the same, so are their keys.
 */
function signed({ authority: folder, bin }: Layout, server: string, request: string): Resource {
  const text = quote(request);
  const key = `$(printf '%s\\n' ${text} | openssl req -noout -pubkey)`;
  const isSigned = `[ -s signed/${server}.pem ] && [ "$(openssl x509 -in signed/${server}.pem -noout -pubkey)" = "${key}" ]`;
  const isGood = `openssl verify -CAfile ca_crt.pem -CRLfile ca_crl.pem -crl_check signed/${server}.pem >/dev/null 2>&1`;
  const both = `{ printf '%s\\n' ${text}; cat signed/${server}.pem; }`;
  const compared = comparedCertificate(server);
  return {
    type: "command",
    id: `puppet certificate of ${server}`,
    check: `cd ${folder} || exit 1
if [ -s requests/${server}.pem ] && [ "$(openssl req -in requests/${server}.pem -noout -pubkey 2>/dev/null)" != "${key}" ]; then
  echo "a request with another key waits under this name: $(openssl req -in requests/${server}.pem -outform DER 2>/dev/null | openssl dgst -sha256 -c)"
  false
else
  ${both} 2>/dev/null | cmp -s - ${compared} && ${isGood}
fi`,
    showCheckOutput: true,
    run: `cd ${folder} || exit 1
umask 027
# The tool fails for a request without a certificate; a request is a file and nothing else.
rm -f requests/${server}.pem || exit 1
if ! { ${isSigned} && ${isGood}; }; then
  # Of an earlier server of this name: revoked.
  if [ -e signed/${server}.pem ]; then
    ${bin}/puppetserver ca clean --certname ${server} || exit 1
  fi
  mkdir -p requests && printf '%s\\n' ${text} >requests/.${server}.new &&
  chown puppet:puppet requests requests/.${server}.new && mv requests/.${server}.new requests/${server}.pem || exit 1
  ${bin}/puppetserver ca sign --certname ${server} || exit 1
  if ! { ${isSigned}; }; then
    echo "the certificate holds another key than the request: it is revoked" >&2
    ${bin}/puppetserver ca clean --certname ${server}
    exit 1
  fi
fi
umask 077
mkdir -p ${parentOf(compared)} && ${both} >${compared}.new && mv ${compared}.new ${compared}`,
    timeoutSeconds: SLOW_SECONDS,
  };
}

function ownCertificate(layout: Layout, server: string, pem: string): Resource {
  const { certificate, key } = ownFiles(layout, server);
  return {
    type: "command",
    id: "puppet certificate",
    check: `[ "$(cat ${certificate} 2>/dev/null)" = ${quote(pem)} ]`,
    run: `${OWNER}
systemctl stop ${AGENT_SERVICE} 2>/dev/null
umask 022
printf '%s\\n' ${quote(pem)} >${certificate}.new &&
openssl verify -CAfile ${layout.ssl}/certs/ca.pem ${certificate}.new &&
[ "$(openssl x509 -in ${certificate}.new -noout -pubkey)" = "$(openssl pkey -in ${key} -pubout)" ] &&
chown "$owner" ${certificate}.new && mv ${certificate}.new ${certificate}`,
  };
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
