# Packages that every server needs. A package that your own classes declare first is left to them.
class bootmachine::packages {
  $bootmachine::server['packages'].each |String $package| {
    unless defined(Package[$package]) {
      package { $package:
        ensure => installed,
      }
    }
  }
}
