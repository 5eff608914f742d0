/** Accounts that systems have of their own; a user of the stack by this name would take one over. */
export const SYSTEM_USERS: ReadonlySet<string> = new Set(
  (
    "root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc gnats nobody _apt " +
    "adm shutdown halt operator ftp polkitd rtkit sshd messagebus avahi uuidd tcpdump ntp chrony _chrony " +
    "systemd-network systemd-resolve systemd-timesync systemd-coredump systemd-oom systemd-journal " +
    "dbus tss rpc rpcuser statd postfix unbound dnsmasq named"
  ).split(" "),
);

/** Groups that every host has; a user may be put into them without declaring them. */
export const SYSTEM_GROUPS: ReadonlySet<string> = new Set(
  (
    "root daemon bin sys adm tty disk lp mail news uucp man proxy kmem dialout fax voice cdrom floppy tape " +
    "sudo wheel audio dip www-data backup operator list irc src gnats shadow utmp video sasl plugdev staff " +
    "games users nogroup nobody input sgx kvm render crontab netdev ssh _ssh " +
    "systemd-journal systemd-network systemd-resolve systemd-timesync messagebus"
  ).split(" "),
);
