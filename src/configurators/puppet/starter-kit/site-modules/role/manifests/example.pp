# What a server of the role `example` is made of. Copy it for your own roles.
class role::example {
  # include profile::webserver
}
