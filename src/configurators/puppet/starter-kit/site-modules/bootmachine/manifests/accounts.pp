# Groups, users, and the keys that open an ssh session for them. Passwords are left as they are.
class bootmachine::accounts {
  $bootmachine::server['groups'].each |Hash $group| {
    group { $group['name']:
      ensure => present,
      gid    => $group['gid'],
      system => $group['system'],
    }
  }

  $bootmachine::server['users'].each |Hash $user| {
    user { $user['name']:
      ensure     => present,
      comment    => $user['full_name'],
      uid        => $user['uid'],
      gid        => $user['primary_group'],
      groups     => $user['groups'],
      membership => minimum,
      shell      => $user['shell'],
      home       => $user['home'],
      managehome => true,
    }

    $keys = $user['keys']
    $group = $user['primary_group'] ? { undef => $user['name'], default => $user['primary_group'] }
    # Undef: somebody else writes the keys of this user.
    unless $keys =~ Undef {
      if $keys.empty {
        file { "${user['home']}/.ssh/authorized_keys":
          ensure => absent,
        }
      } else {
        file {
          default:
            owner   => $user['name'],
            group   => $group,
            require => User[$user['name']],
            ;
          "${user['home']}/.ssh":
            ensure => directory,
            mode   => '0700',
            ;
          "${user['home']}/.ssh/authorized_keys":
            ensure  => file,
            mode    => '0600',
            content => "${join($keys, "\n")}\n",
            ;
        }
      }
    }
  }
}
