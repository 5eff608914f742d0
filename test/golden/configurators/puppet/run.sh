# puppet agent
# Ruby takes the encoding of files from here.
LC_ALL=C.UTF-8 PATH=$PATH:/usr/bin
export LC_ALL PATH
umask 022
# Without an answer the agent tries the master for each thing it wants, and leaves no report.
said=$(timeout 30 openssl s_client -connect hub:8140 -CAfile /var/lib/puppet/ssl/certs/ca.pem -verify_return_error -verify_hostname hub </dev/null 2>&1 >/dev/null)
if [ "$?" -ne 0 ]; then
  printf '%s\n' "$said"
  printf 'unreachable=%s\n' "$(printf '%s\n' "$said" | grep -v '^depth=' | head -n 1)" >"$BM_RESULT"
  exit 1
fi
began=$(mktemp) || exit 1
# Puppet 8 leaves what was found in order out of its report, unless it is told not to.
puppet agent --onetime --no-daemonize --no-splay --no-usecacheonfailure --detailed-exitcodes --verbose --color=false \
  --no-exclude_unchanged_resources --environment production --waitforcert 0 --waitforlock 5 --maxwaitforlock 120 --http_connect_timeout 30 --no-show_diff
status=$?
{
  if [ -s /var/cache/puppet/state/agent_disabled.lock ]; then
    printf 'disabled=%s\n' "$(tr '\n' ' ' </var/cache/puppet/state/agent_disabled.lock)"
  fi
  if [ /var/cache/puppet/state/last_run_report.yaml -nt "$began" ]; then
    echo report
    cat /var/cache/puppet/state/last_run_report.yaml
  else
    pid=$(cat /var/cache/puppet/state/agent_catalog_run.lock 2>/dev/null)
    [ -z "$pid" ] || ! kill -0 "$pid" 2>/dev/null || echo "locked=$pid"
  fi
} >"$BM_RESULT"
rm -f "$began"
case $status in
  0 | 2) systemctl enable --quiet puppet.service && systemctl start puppet.service || exit 1 ;;
esac
exit "$status"
