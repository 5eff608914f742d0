# Cinc Client, local mode
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
if ! timeout 60 sh -c 'until flock --nonblock "$1" true; do sleep 1; done' sh /var/cinc/client-running.pid; then
  say_locked
  exit 75
fi
/usr/bin/cinc-client --config /etc/cinc/client.rb --no-color --run-lock-timeout 0
status=$?
if [ ! -s "$BM_RESULT" ] && locked; then say_locked; fi
exit "$status"
