# The greeting names the server and its roles.
wanted="This is $SERVER${ROLES:+ ($ROLES)}."
case $1 in
check) [ "$(cat /etc/motd 2>/dev/null)" = "$wanted" ] ;;
apply) printf '%s\n' "$wanted" >/etc/motd ;;
esac
