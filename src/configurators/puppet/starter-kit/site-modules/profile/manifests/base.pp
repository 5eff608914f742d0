# What every server of yours has.
class profile::base {
  # package { 'htop': ensure => installed }
}
