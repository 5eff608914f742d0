/** Kernel settings of the network; in a container they are its own. */
export const NETWORK_SETTINGS: Readonly<Record<string, string>> = {
  // A sender to whom no route leads is dropped. 1 (strict) would drop all that comes by another interface than the answer
  // takes, and with it the operator of a host with asymmetric routes: docs/decisions/0013.
  "net.ipv4.conf.all.rp_filter": "2",
  "net.ipv4.conf.default.rp_filter": "2",
  // A sender may not choose the route that its packets take.
  "net.ipv4.conf.all.accept_source_route": "0",
  "net.ipv4.conf.default.accept_source_route": "0",
  "net.ipv6.conf.all.accept_source_route": "0",
  "net.ipv6.conf.default.accept_source_route": "0",
  // A neighbour may not change our routes by ICMP; nor do we change anybody's.
  "net.ipv4.conf.all.accept_redirects": "0",
  "net.ipv4.conf.default.accept_redirects": "0",
  "net.ipv4.conf.all.secure_redirects": "0",
  "net.ipv4.conf.default.secure_redirects": "0",
  "net.ipv6.conf.all.accept_redirects": "0",
  "net.ipv6.conf.default.accept_redirects": "0",
  "net.ipv4.conf.all.send_redirects": "0",
  "net.ipv4.conf.default.send_redirects": "0",
  // Packets with impossible senders are worth a line in the log.
  "net.ipv4.conf.all.log_martians": "1",
  "net.ipv4.conf.default.log_martians": "1",
  // Nobody is flooded through us, and broken routers do not fill the log.
  "net.ipv4.icmp_echo_ignore_broadcasts": "1",
  "net.ipv4.icmp_ignore_bogus_error_responses": "1",
  // A flood of half-open connections does not shut out real ones.
  "net.ipv4.tcp_syncookies": "1",
};

/** Kernel settings of the whole computer: not a container's. */
export const KERNEL_SETTINGS: Readonly<Record<string, string>> = {
  // Kernel addresses and messages help an attacker who is already a user.
  "kernel.kptr_restrict": "2",
  "kernel.dmesg_restrict": "1",
  // A process may be traced by its parent only, not by any process of the same user (which holds the ssh agent).
  "kernel.yama.ptrace_scope": "1",
  // Loading programs into the kernel is root's business.
  "kernel.unprivileged_bpf_disabled": "1",
  "net.core.bpf_jit_harden": "2",
  "kernel.randomize_va_space": "2",
  // The magic key keeps sync, remount and reboot (a hanging server can be brought down in order), and no more.
  "kernel.sysrq": "176",
  // Links and pipes in /tmp that others left there are not followed or written.
  "fs.protected_hardlinks": "1",
  "fs.protected_symlinks": "1",
  "fs.protected_fifos": "2",
  "fs.protected_regular": "2",
  // A program that changes its user leaves no core file that others read.
  "fs.suid_dumpable": "0",
};
