# Puppet Server runs and starts at boot
systemctl is-enabled --quiet puppetserver.service || { echo "puppetserver.service does not start at boot"; exit 1; }
systemctl is-active --quiet puppetserver.service || { echo "puppetserver.service is $(systemctl is-active puppetserver.service)"; exit 1; }
[ -n "$(ss -Hltn "sport = :8140")" ] || { echo "nothing listens on port 8140"; exit 1; }

# the authority has signed the members' certificates and no others
cd /etc/puppet/puppetserver/ca || exit 1
strange=
for file in signed/*.pem signed/.*.pem; do
  [ -e "$file" ] || continue
  name=${file##*/}
  name=${name%.pem}
  case $name in hub | web1) ;; *) strange="$strange $name" ;; esac
done
[ -z "$strange" ] || { echo "there are certificates of$strange, which are no members: revoke them"; false; }

# the agent runs and starts at boot
systemctl is-enabled --quiet puppet.service || { echo "puppet.service does not start at boot"; exit 1; }
systemctl is-active --quiet puppet.service || { echo "puppet.service is $(systemctl is-active puppet.service)"; exit 1; }

# the agent's last run ended well
[ -e /var/cache/puppet/public/last_run_summary.yaml ] || { echo "the agent has not run yet"; exit 1; }
awk '
  /^[a-z]/ { part = $1 }
  part == "version:" && $1 == "config:" { config = $2 }
  part == "resources:" && ($1 == "failed:" || $1 == "failed_to_restart:") { failed += $2 }
  END {
    if (config == "") { print "the last run got no catalogue from the master"; exit 1 }
    if (failed > 0) { print "the last run failed at " failed " things"; exit 1 }
  }' /var/cache/puppet/public/last_run_summary.yaml
