# Cinc Client
# Ruby takes the encoding of files from here.
LC_ALL=C.UTF-8
export LC_ALL
locked() {
  [ -e /var/cinc/client-running.pid ] && ! flock --nonblock /var/cinc/client-running.pid true
}
# The client reports nothing when it gives up on its lock.
say_locked() {
  printf '{"version":1,"locked":true}' >"$BM_RESULT"
}
said=$(timeout 30 openssl s_client -connect boss:443 </dev/null 2>&1 >/dev/null)
if [ "$?" -ne 0 ]; then
  printf '%s\n' "$said"
  # The first line has the reason; JSON takes it as it is without quotes and backslashes.
  line=$(printf '%s\n' "$said" | head -n 1 | tr -cd '[:alnum:] ._:()/-')
  printf '{"version":1,"unreachable":"%s"}' "$line" >"$BM_RESULT"
  exit 75
fi
if ! timeout 60 sh -c 'until flock --nonblock "$1" true; do sleep 1; done' sh /var/cinc/client-running.pid; then
  say_locked
  exit 75
fi
/usr/bin/cinc-client --config /etc/cinc/client.rb --no-color --run-lock-timeout 0
status=$?
if [ ! -s "$BM_RESULT" ] && locked; then say_locked; fi
exit "$status"
