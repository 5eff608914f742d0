import { quote } from "../../program/quote.ts";
import type { ChefSettings } from "./options.ts";
import { hostPaths, productOf } from "./product.ts";

/** The options of a stack with a server. */
export type ServerSettings = NonNullable<ChefSettings["server"]>;

/** What bootmachine keeps on the master for the server; root's alone. */
export const SERVER_STATE = "/var/lib/bootmachine/chef-server";
/** A client's public key as it was read on its own host, and, once the server has it, as it was registered. */
export const CLIENTS = `${SERVER_STATE}/clients`;
/** The organization that was made. */
export const ORGANIZATION = `${SERVER_STATE}/organization`;
/** The revision of the tree that the server has. */
export const UPLOADED = `${SERVER_STATE}/uploaded`;
/** Certificates that knife believes: the server's own. */
export const KNIFE_CERTIFICATES = `${SERVER_STATE}/certificates`;
export const KNIFE_SETTINGS = `${SERVER_STATE}/knife.rb`;
/** The names of the clients, for so long as one look at all members takes. */
export const CLIENT_LIST = "/run/bootmachine-chef-clients";

/** The members reach it by the master's name, which stands in their /etc/hosts. */
export function serverUrl({ organization }: ServerSettings, master: string | undefined): string {
  return `https://${master ?? "no-master"}/organizations/${organization}`;
}

/** The certificate that the server made for itself, under its own name. */
export function serverCertificate(settings: ChefSettings, master: string): string {
  return `${productOf(settings).server.state}/nginx/ca/${master}.crt`;
}

/**
 * knife of the server itself, as its superuser: the client of that name has a key that is root's alone and never leaves the
 * master.
 */
export function renderKnifeSettings(
  settings: ChefSettings,
  server: ServerSettings,
  master: string,
): string {
  return `# Written by bootmachine, and put back by it when it is changed.
node_name 'pivotal'
client_key '${productOf(settings).server.settings}/pivotal.pem'
chef_server_url '${serverUrl(server, master)}'
trusted_certs_dir '${KNIFE_CERTIFICATES}'
chef_repo_path '${hostPaths(settings).tree}'
`;
}

/** Shell text: knife with these words, which are shell already. Its language is set, for names and texts are UTF-8. */
export function knife(settings: ChefSettings, words: string): string {
  return `LC_ALL=C.UTF-8 ${productOf(settings).server.root}/embedded/bin/knife ${words} --config ${KNIFE_SETTINGS} --no-color`;
}

/**
 * Shell text: functions `bm_clients`, which brings the list of clients up to date, and `bm_knows NAME`. One question to the server
 * serves all who ask within half a minute, since knife takes seconds to start.
 */
export function knows(settings: ChefSettings): string {
  return `bm_clients() {
  [ -z "$(find ${CLIENT_LIST} -newermt '-30 seconds' 2>/dev/null)" ] || return 0
  ${knife(settings, "client list")} >${CLIENT_LIST}.$$ && mv ${CLIENT_LIST}.$$ ${CLIENT_LIST} ||
    { rm -f ${CLIENT_LIST}.$$; return 2; }
}
bm_knows() {
  bm_clients || return 2
  grep -qxF -e "$1" ${CLIENT_LIST}
}`;
}

/** Shell text: the server forgets a client and its node, whether it knows them or not; also a validator. */
export function forgetClient(settings: ChefSettings, name: string): string {
  const word = quote(name);
  return `rm -f ${CLIENT_LIST} ${quote(`${CLIENTS}/${name}.registered`)}
if ${knife(settings, "node list")} | grep -qxF -e ${word}; then
  ${knife(settings, `node delete ${word} --yes`)} || exit 1
fi
if ${knife(settings, "client list")} | grep -qxF -e ${word}; then
  ${knife(settings, `client delete ${word} --delete-validators --yes`)} || exit 1
fi
rm -f ${CLIENT_LIST}`;
}
