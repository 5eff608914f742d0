import type { HostFacts } from "../../host/facts.ts";
import { isOpensshAtLeast, opensshVersion } from "../../host/openssh-version.ts";
import { LISTENERS } from "../../program/host-reads.ts";
import type { CommandResource, Resource, SshServerResource } from "../../program/resource.ts";
import {
  DIRECTORY,
  KEEP_ORIGINAL,
  MAIN,
  OVERRIDABLE,
  SSH_DROP_IN,
  type Setting,
} from "./openssh-files.ts";
import { nothingMatchedEarlier } from "./openssh-match.ts";

const SOCKET_DIRECTORY = "/etc/systemd/system/ssh.socket.d";
const SOCKET_DROP_IN = `${SOCKET_DIRECTORY}/00-bootmachine.conf`;

/**
 * Keywords that are not "first value wins": sshd adds all of them up, over all files. A `Port 22` left in the main file
 * keeps port 22 open whatever a drop-in says, and an `AllowUsers` somewhere else lets more users in.
 */
const CUMULATIVE = ["port", "allowusers", "allowgroups"] as const;

/** Before 8.7 the switch for questions by PAM had another name, and the newer name alone does not turn it off. */
function spell(settings: readonly Setting[], facts: HostFacts): readonly Setting[] {
  if (
    opensshVersion(facts.opensshVersion) === undefined ||
    isOpensshAtLeast(facts.opensshVersion, 8, 7)
  )
    return settings;
  return settings.flatMap((setting): readonly Setting[] =>
    setting[0].toLowerCase() === "kbdinteractiveauthentication"
      ? [setting, ["ChallengeResponseAuthentication", setting[1]]]
      : [setting],
  );
}

export function sshDropInContent(wanted: readonly Setting[], facts: HostFacts): string {
  const settings = spell(wanted, facts);
  const matched = settings.filter(([keyword]) => OVERRIDABLE.has(keyword.toLowerCase()));
  return [
    "# Written by bootmachine, and put back by it when it is changed.",
    "# It is read first: sshd keeps the first value of each keyword, so what stands here wins.",
    ...settings.map(([keyword, value]) => `${keyword} ${value}`),
    ...(matched.length === 0
      ? []
      : [
          "",
          "# The same once more for every connection: a Match block in a later file would win over the lines above,",
          "# but not over the first Match block that fits. The block ends with this file.",
          "Match all",
          ...matched.map(([keyword, value]) => `    ${keyword} ${value}`),
        ]),
    "",
  ].join("\n");
}

const RUN_DIRECTORY = "[ -d /run/sshd ] || mkdir -p -m 0755 /run/sshd";
/** The other files of sshd's configuration, in "$@"; ours is not among them. */
const OTHER_FILES = String.raw`set -- ${MAIN}
for bm_file in ${DIRECTORY}/*.conf; do
  [ -e "$bm_file" ] && [ "$bm_file" != ${SSH_DROP_IN} ] && set -- "$@" "$bm_file"
done`;
const WITH_PORT = String.raw`(\[[^]]*\]|[^]:[:space:][]+):[0-9]+`;

/** Compares what sshd would use (all files, for a connection from outside) with what our file alone says. */
function effectiveCheck(keywords: readonly string[]): string {
  return String.raw`${RUN_DIRECTORY}
bm_who=user=root,host=outside,addr=203.0.113.1
bm_wanted=$(sshd -T -f ${SSH_DROP_IN} -C "$bm_who" 2>&1) || { printf '%s\n' "$bm_wanted"; false; } &&
bm_found=$(sshd -T -C "$bm_who" 2>&1) || { printf '%s\n' "$bm_found"; false; } &&
bm_differences=$(printf '%s\n' "$bm_wanted" = "$bm_found" | awk -v keywords='${keywords.join(" ")}' '
  BEGIN { second = 0; n = split(keywords, list, " "); for (i = 1; i <= n; i++) asked[list[i]] = 1 }
  $0 == "=" { second = 1; next }
  !($1 in asked) || ((second, $0) in seen) { next }
  { seen[second, $0] = 1; line[++lines] = $0; side[lines] = second }
  END {
    for (i = 1; i <= lines; i++) if (!((!side[i], line[i]) in seen)) print (side[i] ? "+" : "-") line[i]
  }') &&
{ [ -z "$bm_differences" ] || {
  printf '%s\n' "sshd would not use the wanted settings (- wanted, + found); another file in ${DIRECTORY} is read first or adds to them:" "$bm_differences"
  false
}; }`;
}

/** Ports on which the running sshd listens, and whether it has read the files as they are now. */
function loadedByService(
  ports: readonly string[],
): Pick<CommandResource, "check" | "reads" | "run"> {
  const wanted = [...ports].sort((a, b) => Number(a) - Number(b)).join(" ");
  const check = String.raw`bm_pid=none
read -r bm_pid 2>/dev/null </run/sshd.pid
bm_ports=$(printf '%s\n' "$bm_listeners" | awk -v p="pid=$bm_pid," '$1 == "tcp" && index($0, p) { n = split($5, a, ":"); print a[n] }' | sort -un | tr '\n' ' ')
if [ "$bm_ports" != "${wanted} " ]; then
  echo "sshd listens on: $bm_ports(wanted: ${wanted})"
  false
else
  # The pid file is written whenever sshd reads its configuration.
  bm_newer=$(find ${MAIN} ${DIRECTORY} -newer /run/sshd.pid 2>&1)
  [ -z "$bm_newer" ] || { echo "sshd has not read what was changed after its start:" $bm_newer; false; }
fi`;
  return {
    reads: LISTENERS,
    check,
    // Restart and not reload: SIGHUP returns before the new ports are there, a second one that comes too early kills
    // sshd, and sessions live on either way (KillMode=process). Nothing is restarted that sshd -t does not accept.
    run: String.raw`${RUN_DIRECTORY}
sshd -t || exit 1
bm_pid=none
read -r bm_pid 2>/dev/null </run/sshd.pid
for bm_port in ${wanted}; do
  bm_holder=$(ss -Hltnp "sport = :$bm_port" 2>/dev/null | grep -v "pid=$bm_pid," | grep -v '"sshd"')
  if [ -n "$bm_holder" ]; then
    echo "port $bm_port is held by something else than sshd: $bm_holder" >&2
    exit 1
  fi
done
systemctl restart ssh.service || { journalctl -u ssh.service -n 10 --no-pager -o cat >&2; exit 1; }
# It says that it is ready a moment before its ports and its pid file are there.
bm_is_loaded() {
bm_listeners=$(${LISTENERS.bm_listeners})
${check}
}
bm_tries=0
until bm_is_loaded >/dev/null || [ "$bm_tries" -ge 50 ]; do
  bm_tries=$((bm_tries + 1))
  sleep 0.1
done`,
  };
}

function loadedBySocket(ports: readonly string[]): {
  readonly check: string;
  readonly run: string;
} {
  const wanted = [...ports].sort((a, b) => Number(a) - Number(b)).join(" ");
  return {
    check: String.raw`bm_ports=$(systemctl show -p Listen ssh.socket | sed -n 's/^Listen=.*:\([0-9]*\) (Stream)$/\1/p' | sort -un | tr '\n' ' ')
systemctl is-active --quiet ssh.socket && [ "$bm_ports" = "${wanted} " ] || { echo "ssh.socket listens on: $bm_ports(wanted: ${wanted})"; false; }`,
    // The service that came out of the socket holds its descriptors: it goes first, the sessions stay.
    run: String.raw`${RUN_DIRECTORY}
sshd -t || exit 1
systemctl daemon-reload && systemctl stop ssh.service 2>/dev/null
systemctl restart ssh.socket`,
  };
}

/** The ssh server's settings as resources: a drop-in that wins, no file beside it that adds to it, and an sshd that uses it. */
export function sshServerResources(
  resource: SshServerResource,
  facts: HostFacts,
): readonly Resource[] {
  const id = resource.id ?? "ssh-server";
  const keywords = [...new Set(resource.settings.map(([keyword]) => keyword.toLowerCase()))];
  const ports = resource.settings
    .filter(([keyword]) => keyword.toLowerCase() === "port")
    .map(([, value]) => value);
  const cumulative = CUMULATIVE.filter(
    (keyword) =>
      keywords.includes(keyword) ||
      (keyword.startsWith("allow") &&
        keywords.some((k) => k.startsWith("allowusers") || k.startsWith("allowgroups"))),
  );
  const guard = {
    ...(resource.onlyIf === undefined ? {} : { onlyIf: resource.onlyIf }),
    ...(resource.skipReason === undefined ? {} : { skipReason: resource.skipReason }),
  };
  const adds = [
    ...(cumulative.length === 0 ? [] : [`^[[:space:]]*(${cumulative.join("|")})[[:space:]=]`]),
    ...(ports.length === 0 ? [] : [`^[[:space:]]*listenaddress[[:space:]=]+${WITH_PORT}`]),
  ].join("|");
  const resources: Resource[] = [
    { type: "directory", id: `${id} directory`, path: DIRECTORY, ...guard },
    {
      type: "command",
      id: `${id} include`,
      // The first line that says anything has to be the Include: whatever stands above it would win.
      check: String.raw`awk 'NF && $1 !~ /^#/ { found = (tolower($1) == "include" && $2 == "${DIRECTORY}/*.conf"); exit } END { exit !found }' ${MAIN}`,
      run: String.raw`cp -p ${MAIN} ${MAIN}.bootmachine-new &&
{ printf '%s\n%s\n' '# Added by bootmachine: read first, so that what stands there wins.' 'Include ${DIRECTORY}/*.conf' &&
  sed -e 's/^[[:space:]]*[Ii][Nn][Cc][Ll][Uu][Dd][Ee][[:space:]]\{1,\}\/etc\/ssh\/sshd_config\.d\/\*\.conf[[:space:]]*$/# bootmachine, now above: &/' ${MAIN}
} >${MAIN}.bootmachine-new && mv ${MAIN}.bootmachine-new ${MAIN}`,
      ...guard,
    },
    {
      type: "file",
      id: `${id} drop-in`,
      path: SSH_DROP_IN,
      content: sshDropInContent(resource.settings, facts),
      mode: "0600",
      validate: `${RUN_DIRECTORY}; sshd -t -f "$1"`,
      ...guard,
    },
  ];
  if (adds !== "") {
    resources.push({
      type: "command",
      id: `${id} nothing added elsewhere`,
      check: `${OTHER_FILES}\n! grep -iE '${adds}' "$@" /dev/null`,
      showCheckOutput: true,
      // The line stays, as a comment. An address that somebody listens on stays as well, without its port.
      run: String.raw`${OTHER_FILES}
for bm_file in "$@"; do
  grep -iqE '${adds}' "$bm_file" || continue
  ${KEEP_ORIGINAL}
  cp -p "$bm_file" "$bm_file.bootmachine-new" &&
  sed -E \
    -e 's/^([[:space:]]*)(listenaddress[[:space:]=]+)${WITH_PORT}(.*)$/# bootmachine, instead of: &\n\1\2\3\4/I' \
    -e 's/^[[:space:]]*(${cumulative.join("|")})[[:space:]=].*$/# bootmachine, instead of: &/I' \
    "$bm_file" >"$bm_file.bootmachine-new" && mv "$bm_file.bootmachine-new" "$bm_file" || exit 1
done`,
      ...guard,
    });
  }
  const matched = nothingMatchedEarlier(spell(resource.settings, facts));
  if (matched !== undefined) {
    resources.push({
      type: "command",
      id: `${id} nothing matched earlier`,
      ...matched,
      showCheckOutput: true,
      ...guard,
    });
  }
  resources.push({
    type: "command",
    id: `${id} effective`,
    check: effectiveCheck(keywords),
    showCheckOutput: true,
    ...guard,
  });
  if (ports.length > 0) {
    if (facts.isSshSocketActive) {
      resources.push(
        { type: "directory", id: `${id} socket directory`, path: SOCKET_DIRECTORY, ...guard },
        {
          type: "file",
          id: `${id} socket`,
          path: SOCKET_DROP_IN,
          content: [
            "# Written by bootmachine. The empty line takes back the unit's own port 22.",
            "[Socket]",
            "ListenStream=",
            ...ports.map((port) => `ListenStream=${port}`),
            "",
          ].join("\n"),
          ...guard,
        },
      );
    } else {
      resources.push({
        type: "service",
        id: `${id} service`,
        name: "ssh.service",
        enabled: true,
        ...guard,
      });
    }
    resources.push({
      type: "command",
      id: `${id} loaded`,
      ...(facts.isSshSocketActive ? loadedBySocket(ports) : loadedByService(ports)),
      showCheckOutput: true,
      timeoutSeconds: 60,
      ...guard,
      ...(resource.triggers === undefined ? {} : { triggers: resource.triggers }),
    });
  }
  return resources;
}
