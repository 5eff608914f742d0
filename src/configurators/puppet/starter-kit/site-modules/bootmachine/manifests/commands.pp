# What is neither file nor service: live firewall rules, live kernel settings, an sshd that has read its settings.
class bootmachine::commands {
  $bootmachine::server['commands'].each |Hash $command| {
    exec { $command['name']:
      # What has run must have helped.
      command  => "(\n${command['run']}\n) && (\n${command['check']}\n)",
      unless   => $command['check'],
      provider => shell,
      path     => ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'],
      timeout  => $command['timeout_seconds'],
    }
  }
}
