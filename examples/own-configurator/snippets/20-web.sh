# Servers of the role "web" have a folder for their pages.
case " $ROLES " in *" web "*) ;; *) exit 0 ;; esac
case $1 in
check) [ -d /srv/www ] ;;
apply) mkdir -p /srv/www && echo "made /srv/www" ;;
esac
