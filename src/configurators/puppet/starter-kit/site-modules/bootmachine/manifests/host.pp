# Host name, time zone and locale.
class bootmachine::host {
  $hostname = $bootmachine::server['hostname']
  $zone = $bootmachine::server['timezone']
  $locale = $bootmachine::server['locale']

  Exec {
    path     => ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'],
    provider => shell,
  }

  file { '/etc/hostname':
    ensure  => file,
    content => "${hostname}\n",
  }

  exec { 'host name of the running system':
    command => "hostname -- ${shellquote($hostname)}",
    unless  => "[ \"$(cat /proc/sys/kernel/hostname)\" = ${shellquote($hostname)} ]",
  }

  file { '/etc/localtime':
    ensure => link,
    target => "/usr/share/zoneinfo/${zone}",
  }

  # Debian 12 and older keep the name in a second file, which packages read.
  exec { 'time zone by name':
    command => "printf '%s\\n' ${shellquote($zone)} >/etc/timezone",
    unless  => "[ ! -e /etc/timezone ] || [ \"$(cat /etc/timezone)\" = ${shellquote($zone)} ]",
  }

  exec { 'locale':
    command => "touch /etc/default/locale && sed -i --follow-symlinks '/^LANG=/d' /etc/default/locale && echo ${shellquote("LANG=${locale}")} >>/etc/default/locale",
    unless  => "LANG=; . /etc/default/locale && [ \"\$LANG\" = ${shellquote($locale)} ]",
  }
}
