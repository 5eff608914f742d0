# The roles that bootmachine.config gives to this server. They come from the master's data, which the server cannot change.
# hiera.yaml uses this variable too.
$roles = lookup('bootmachine::server')['roles']

node default {
  include bootmachine
  include profile::base

  $roles.each |String $role| {
    # A role `load-balancer` is the class `role::load_balancer`. A role without a class is only a label.
    $class = "role::${regsubst(downcase($role), '[^a-z0-9_]', '_', 'G')}"
    if defined($class) {
      include $class
    }
  }
}
