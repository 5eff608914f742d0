for unit in salt-minion $([ ! -e /usr/bin/salt-master ] || echo salt-master); do
	[ "$(systemctl is-active $unit)" = active ] || bad "$unit does not run"
	[ "$(systemctl is-enabled $unit)" = enabled ] || bad "$unit does not start at boot"
done
dpkg-query -W -f '${db:Status-Status} ${Version}\n' salt-minion | grep -q '^installed 3008\.' || bad 'package of salt'
ss -Htn state established 'dport = :4505' | grep -q . || bad 'the minion is not logged in'
openssl pkey -in /etc/salt/pki/minion/minion.pem -pubout | cmp -s - /etc/salt/pki/minion/minion.pub || bad 'key pair of the minion'
[ ! -d /etc/salt/pki/master ] || [ -z "$(ls /etc/salt/pki/master/minions | grep -v '^s[0-9]*$')" ] || bad 'keys at the master'
