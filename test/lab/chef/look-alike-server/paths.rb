module LookAlike
  SETTINGS = "/etc/cinc-project".freeze
  STATE = "/var/opt/cinc-project".freeze
  DATA = "#{STATE}/data".freeze
  SUPERUSER = "pivotal".freeze

  def self.api_fqdn
    text = File.read("#{SETTINGS}/cinc-server.rb")
    text[/^api_fqdn '([a-z0-9.-]+)'$/, 1] || raise("cinc-server.rb names no api_fqdn")
  end
end
