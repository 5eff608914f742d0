import { UserError } from "../../errors/error.ts";
import { quote } from "../../program/quote.ts";
import type { Resource } from "../../program/resource.ts";
import type { Agent, Configurator, ConfiguratorContext, Step } from "../contract.ts";
import type { ChefSettings } from "./options.ts";
import { hostPaths } from "./product.ts";
import {
  CLIENT_LIST,
  CLIENTS,
  forgetClient,
  knife,
  knows,
  serverCertificate,
} from "./server-paths.ts";

/**
 * How a client and the server come to know each other, all of it over ssh: the client's key pair is made on its own host, its
 * public half is registered by the server's own knife, and the server's certificate is brought back. There is no validator,
 * so that nobody can register by himself.
 */
export function enrollSteps(
  settings: ChefSettings,
  { member, master }: ConfiguratorContext,
): readonly Step[] {
  if (settings.server === undefined || master === undefined) return [];
  const { clientKey, certificates } = hostPaths(settings);
  const certificate = serverCertificate(settings, master.server);
  return [
    {
      on: "member",
      title: "making the client's key",
      resources: () => [
        {
          type: "command",
          id: "client's key",
          check: `[ -s ${clientKey} ] && [ -z "$(find ${clientKey} \\( -perm /077 -o ! -user root \\))" ]`,
          run: `umask 077 && openssl genrsa -out ${clientKey}.new 2048 2>/dev/null && mv ${clientKey}.new ${clientKey}`,
        },
      ],
      read: { name: "public-key", script: `openssl rsa -in ${clientKey} -pubout 2>/dev/null` },
    },
    {
      on: "master",
      title: `registering ${member.server} at the server`,
      resources: (readings) => registered(settings, member.server, readings["public-key"] ?? ""),
      read: { name: "certificate", script: `cat ${certificate}` },
    },
    {
      on: "member",
      title: "writing the server's certificate",
      resources: (readings) => [
        { type: "directory", path: certificates },
        {
          type: "file",
          path: `${certificates}/bootmachine-server.crt`,
          content: `${readings["certificate"] ?? ""}\n`,
        },
      ],
    },
  ];
}

function registered(settings: ChefSettings, name: string, publicKey: string): readonly Resource[] {
  const file = `${CLIENTS}/${name}.pub`;
  const mark = `${CLIENTS}/${name}.registered`;
  return [
    { type: "file", path: file, content: `${publicKey}\n`, mode: "0600" },
    {
      type: "command",
      id: `client ${name}`,
      check: `${knows(settings)}
cmp -s ${file} ${mark} && bm_knows ${name}`,
      // A client of that name with another key belonged to a machine that is gone, and so did its node.
      run: `${forgetClient(settings, name)}
${knife(settings, `client create ${name} --public-key ${file} --disable-editing`)} || exit 1
cp ${file} ${mark}`,
      timeoutSeconds: 300,
    },
  ];
}

/**
 * The server forgets a client and its node: from then on its key opens nothing.
 *
 * @throws UserError USAGE for a name that no client can have
 */
export function revokeResources(settings: ChefSettings, name: string): readonly Resource[] {
  if (!/^[A-Za-z0-9_.-]+$/.test(name) || name === "." || name === "..") {
    throw new UserError("USAGE", `${JSON.stringify(name)} is no name of a client.`);
  }
  return [
    {
      type: "command",
      id: `the server knows no client ${name}`,
      // Somebody who has registered a moment ago stands in no list of before.
      check: `${knows(settings)}
rm -f ${CLIENT_LIST}
bm_knows ${quote(name)}
[ $? -eq 1 ] && [ ! -e ${CLIENTS}/${name}.registered ]`,
      run: forgetClient(settings, name),
      timeoutSeconds: 300,
    },
    { type: "file", path: `${CLIENTS}/${name}.pub`, state: "absent" },
  ];
}

/** All clients that the server knows; with the fingerprint of the key where it was registered by bootmachine. */
export function clientList(settings: ChefSettings): NonNullable<Configurator["agents"]> {
  return {
    script: `rm -f ${CLIENT_LIST}
bm_names=$(${knife(settings, "client list")}) || exit 1
for bm_name in $bm_names; do
  bm_key=${CLIENTS}/$bm_name.registered
  bm_print=
  [ ! -s "$bm_key" ] || bm_print=$(openssl pkey -pubin -in "$bm_key" -outform DER | sha256sum | cut -d ' ' -f 1)
  echo "$bm_name $bm_print"
done`,
    parse: (text) => text.split("\n").filter(Boolean).map(readClient),
  };
}

/** Whoever is registered is let in: there is nobody who only waits. */
function readClient(line: string): Agent {
  const [id = "", fingerprint = ""] = line.split(" ");
  return { id, state: "accepted", ...(fingerprint === "" ? {} : { fingerprint }) };
}
