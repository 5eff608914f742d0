# Services that run and start at boot, or must not.
class bootmachine::services {
  $bootmachine::server['services'].each |Hash $service| {
    unless defined(Service[$service['name']]) {
      service { $service['name']:
        ensure => $service['running'] ? { undef => undef, true => running, default => stopped },
        enable => $service['enabled'],
      }
    }
  }
}
