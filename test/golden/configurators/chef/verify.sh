# Cinc Client 18 is installed
{ dpkg-query -W -f '${db:Status-Status} ${Version}\n' cinc 2>/dev/null |
  grep -Eq '^installed ([0-9]+:)?18([.~+-].*)?$' && [ -x /usr/bin/cinc-client ]; } ||
{ echo "/usr/bin/cinc-client is not there, or is of another version"; false; }

# the client's last run ended well
[ "$(head -n 1 /var/cinc/bootmachine-last-run 2>/dev/null)" = ok ] ||
{ head -c 1000 /var/cinc/bootmachine-last-run 2>/dev/null || echo "/usr/bin/cinc-client has not run yet"; false; }
