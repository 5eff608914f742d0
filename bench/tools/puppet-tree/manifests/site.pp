# What both sides of the measurement run: a little of everything, so that the tool's own time is a real one.
node default {
  group { 'bench': system => true }
  user { 'bench': gid => 'bench', system => true, shell => '/usr/sbin/nologin' }
  package { 'tree': ensure => installed }
  file { '/etc/bench.d': ensure => directory, mode => '0755' }
  Integer[1, 10].each |$number| {
    file { "/etc/bench.d/${number}.conf": content => "number = ${number}\n", mode => '0644' }
  }
  file { '/etc/bench-note':
    content => "${trusted['certname']} with ${facts['os']['name']}\n",
    mode    => '0644',
  }
}
