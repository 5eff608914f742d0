# Files that are written whole: the ssh server's settings, the firewall's rules, sudo rules, kernel settings …
class bootmachine::files {
  $files = $bootmachine::server['files']

  Exec {
    path        => ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'],
    provider    => shell,
    refreshonly => true,
  }

  $bootmachine::server['directories'].each |Hash $directory| {
    file { $directory['path']:
      ensure => directory,
      mode   => $directory['mode'],
      owner  => $directory['owner'],
      group  => $directory['group'],
    }
  }

  $files.each |Hash $file| {
    # The check is shell text that takes the new file's path as $1.
    $validate = $file['validate'] ? {
      undef   => undef,
      default => shellquote('sh', '-c', $file['validate'], 'sh', '/BOOTMACHINE/CANDIDATE'),
    }
    file { $file['path']:
      ensure               => file,
      mode                 => $file['mode'],
      owner                => $file['owner'],
      group                => $file['group'],
      content              => $file['content'],
      validate_cmd         => $validate,
      validate_replacement => '/BOOTMACHINE/CANDIDATE',
    }
  }

  $bootmachine::server['absent_files'].each |String $path| {
    unless defined(File[$path]) {
      file { $path:
        ensure => absent,
      }
    }
  }

  # A service takes up a change once, however many of its files have changed.
  ['reload', 'restart'].each |String $verb| {
    $files.map |$file| { $file[$verb] }.flatten.unique.each |String $service| {
      exec { "${verb} ${service}":
        command   => "systemctl ${verb} ${shellquote($service)}",
        subscribe => $files.filter |$file| { $service in $file[$verb] }.map |$file| { File[$file['path']] },
      }
    }
  }

  $files.map |$file| { $file['commands'] }.flatten.unique.each |String $command| {
    exec { "after a change: ${command}":
      command   => $command,
      subscribe => $files.filter |$file| { $command in $file['commands'] }.map |$file| { File[$file['path']] },
    }
  }
}
