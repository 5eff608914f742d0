for unit in puppet $([ ! -e /usr/bin/puppetserver ] || echo puppetserver); do
	[ "$(systemctl is-active $unit)" = active ] || bad "$unit does not run"
	[ "$(systemctl is-enabled $unit)" = enabled ] || bad "$unit does not start at boot"
done
dpkg-query -W -f '${db:Status-Status}\n' puppet-agent | grep -qx installed || bad 'package of puppet'
openssl verify -CAfile /var/lib/puppet/ssl/certs/ca.pem "/var/lib/puppet/ssl/certs/$(hostname).pem" >/dev/null 2>&1 || bad certificate
[ ! -d /etc/puppet/puppetserver/ca ] || [ -z "$(ls /etc/puppet/puppetserver/ca/signed | grep -v '^s[0-9]*\.pem$')" ] || bad 'certificates at the master'
awk '$1 == "failed:" { bad += $2 } END { exit bad > 0 }' /var/cache/puppet/public/last_run_summary.yaml || bad 'last run'
