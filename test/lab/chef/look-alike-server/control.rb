# The control command of the look-alike of Cinc Server: the few subcommands that the tests use, refusing all others.
require "fileutils"
require "json"
require "openssl"
require "socket"
require_relative "paths"

UNIT = "/etc/systemd/system/cinc-server-look-alike.service".freeze

def write_private(path, text)
  File.write(path, text, perm: 0o600)
end

# A key of the superuser, and a certificate under the server's own name.
def reconfigure
  name = LookAlike.api_fqdn
  certificates = "#{LookAlike::STATE}/nginx/ca"
  FileUtils.mkdir_p([certificates, "#{LookAlike::DATA}/clients", LookAlike::SETTINGS])
  superuser = "#{LookAlike::SETTINGS}/pivotal.pem"
  write_private(superuser, OpenSSL::PKey::RSA.new(2048).to_pem) unless File.exist?(superuser)
  File.write("#{LookAlike::DATA}/pivotal.pub", OpenSSL::PKey::RSA.new(File.read(superuser)).public_to_pem)
  make_certificate(name, certificates) unless File.exist?("#{certificates}/#{name}.crt")
  File.write(UNIT, <<~TEXT)
    [Service]
    ExecStart=/usr/bin/ruby /opt/cinc-project/look-alike/server.rb
    Restart=on-failure
    [Install]
    WantedBy=multi-user.target
  TEXT
  system("systemctl daemon-reload && systemctl enable --quiet cinc-server-look-alike && systemctl restart cinc-server-look-alike") || exit(1)
  60.times do
    TCPSocket.new("127.0.0.1", 443).close
    puts "Cinc Server Reconfigured!"
    return
  rescue SystemCallError
    sleep 0.5
  end
  abort "the server does not answer"
end

def make_certificate(name, folder)
  key = OpenSSL::PKey::RSA.new(2048)
  certificate = OpenSSL::X509::Certificate.new
  certificate.version = 2
  certificate.serial = Time.now.to_i
  certificate.subject = certificate.issuer = OpenSSL::X509::Name.parse("/CN=#{name}")
  certificate.public_key = key
  certificate.not_before = Time.now - 3600
  certificate.not_after = Time.now + (365 * 86_400)
  extensions = OpenSSL::X509::ExtensionFactory.new(certificate, certificate)
  certificate.add_extension(extensions.create_extension("basicConstraints", "CA:TRUE", true))
  certificate.add_extension(extensions.create_extension("subjectAltName", "DNS:#{name}"))
  certificate.sign(key, OpenSSL::Digest.new("SHA256"))
  write_private("#{folder}/#{name}.key", key.to_pem)
  File.write("#{folder}/#{name}.crt", certificate.to_pem)
end

def organization(name) = "#{LookAlike::DATA}/organizations/#{name}"

# As the real one: an organization begins with a validator, whose private key is handed out once.
def create_organization(name, _full_name, option, file)
  abort "usage: org-create NAME FULL_NAME --filename FILE" unless option == "--filename"
  abort "409: the organization #{name} is there" if File.exist?(organization(name))
  FileUtils.mkdir_p(%w[clients nodes].map { |folder| "#{organization(name)}/#{folder}" })
  key = OpenSSL::PKey::RSA.new(2048)
  File.write("#{organization(name)}/clients/#{name}-validator", JSON.generate("public_key" => key.public_to_pem, "validator" => true))
  write_private(file, key.to_pem)
end

case ARGV
in ["reconfigure"] then reconfigure
in ["org-show", name] then exit(File.exist?(organization(name)) ? 0 : 1)
in ["org-create", *words] then create_organization(*words)
in ["status"] then exec("systemctl", "is-active", "cinc-server-look-alike")
in ["restart"] then exec("systemctl", "restart", "cinc-server-look-alike")
else abort "unknown: #{ARGV.join(" ")}"
end
