dpkg-query -W -f '${db:Status-Status} ${Version}\n' cinc 2>/dev/null | grep -q '^installed 18\.' || bad cinc
[ "$(head -n 1 /var/cinc/bootmachine-last-run 2>/dev/null)" = ok ] || bad 'last run'
