/** What bootmachine sets itself: two values for one setting would leave to chance which one counts. */
const SET = words("certname server environment autosign dns_alt_names");

/** Files and folders that are looked at, or written, where the packages have them. */
const PLACES = words(`
  confdir codedir vardir statedir publicdir hiera_config
  lastrunfile lastrunreport agent_catalog_run_lockfile agent_disabled_lockfile
  ssldir certdir privatekeydir publickeydir requestdir hostcert hostprivkey hostpubkey localcacert hostcrl
  cadir cacert cakey capub cacrl csrdir signeddir serial`);

/** Another master, or another port of it, than the one that the agents are enrolled with and the firewall is open for. */
const MASTERS = words(
  "serverport masterport ca_server ca_port server_list use_srv_records srv_domain",
);

/** With these a run does not do what it is made for, and ends well all the same, or leaves nothing to read. */
const RUNS: Readonly<Record<string, string>> = {
  noop: "with `noop` nothing would be kept, and every run would end well: run `puppet agent --test --noop` by hand",
  report: "without a report nobody knows how a run went",
  use_cached_catalog: "the agent would apply an old catalog, and never see what you change",
  environment_timeout: "Puppet Server would go on with the tree as it was before it was exchanged",
};

/** Why a setting of puppet.conf may not be given in the options; undefined where it may. */
export function whyNoSetting(name: string): string | undefined {
  if (name === "environmentpath") {
    return "bootmachine brings the tree there: `remoteDir` says where the environments lie";
  }
  if (SET.includes(name)) return `bootmachine sets \`${name}\` itself`;
  if (PLACES.includes(name)) {
    return `bootmachine looks for it where the packages have it: \`${name}\` would lead elsewhere`;
  }
  if (MASTERS.includes(name)) {
    return `agents are enrolled with the stack's master alone, on port 8140: \`${name}\` would lead elsewhere`;
  }
  if (name in RUNS) return RUNS[name];
  return /^[a-z][a-z0-9_]*$/.test(name)
    ? undefined
    : "a setting of puppet.conf is written with lower-case letters and underscores";
}

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}
