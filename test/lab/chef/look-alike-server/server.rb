# The look-alike of Cinc Server: HTTPS, signed requests only, clients and nodes of organizations, and the tree that knife has
# uploaded. What a request says is checked strictly; who may do what follows Chef's own rules.
require "json"
require "openssl"
require "socket"
require_relative "signature"
require_relative "paths"

class Answer < StandardError
  attr_reader :code, :value

  def initialize(code, value)
    super(value.to_s)
    @code = code
    @value = value
  end
end

def data(*path)
  path.each { |name| raise Answer.new(400, "a bad name: #{name}") unless name.match?(/\A[A-Za-z0-9_.-]+\z/) }
  File.join(LookAlike::DATA, *path)
end

def read(file) = File.exist?(file) ? JSON.parse(File.read(file)) : raise(Answer.new(404, "not here"))

def write(file, value)
  File.write("#{file}.new", JSON.generate(value))
  File.rename("#{file}.new", file)
end

# Whose request it is; refuses everybody who cannot prove it.
def authenticate(organization, method, path, headers, body)
  user = headers["x-ops-userid"].to_s
  known =
    if user == LookAlike::SUPERUSER then File.read(data("pivotal.pub"))
    else
      file = data("organizations", organization, "clients", user)
      raise Answer.new(401, "Failed to authenticate as '#{user}'.") unless File.exist?(file)

      JSON.parse(File.read(file)).fetch("public_key")
    end
  fault = LookAlike::Signature.fault(method, path, body, headers, OpenSSL::PKey::RSA.new(known))
  raise Answer.new(401, "Invalid signature for user or client '#{user}': #{fault}") if fault

  user
end

def handle(method, path, headers, body)
  _, word, organization, kind, name, *rest = path.split("/")
  raise Answer.new(404, "no such address") unless word == "organizations" && organization && rest.empty?
  raise Answer.new(404, "no organization #{organization}") unless File.directory?(data("organizations", organization))

  user = authenticate(organization, method, path, headers, body)
  value = body.empty? ? nil : JSON.parse(body)
  is_super = user == LookAlike::SUPERUSER
  case [method, kind]
  in ["GET", "clients" | "nodes"] if name.nil?
    raise Answer.new(403, "missing read permission") unless is_super
    Dir.children(data("organizations", organization, kind)).sort
  in ["POST", "clients"] | ["DELETE", "clients"]
    raise Answer.new(403, "only the superuser, and a validator, of which there is none here") unless is_super
    change_client(method, data("organizations", organization, "clients", name || value.fetch("name")), value)
  in ["GET" | "PUT" | "DELETE", "nodes"]
    raise Answer.new(403, "missing permission: the node is another's") unless is_super || user == name
    change_node(method, data("organizations", organization, "nodes", name), value)
  in ["GET", "tree"] then read(data("organizations", organization, "tree"))
  in ["PUT", "tree"]
    raise Answer.new(403, "missing update permission") unless is_super
    write(data("organizations", organization, "tree"), value)
  else raise Answer.new(405, "no such request")
  end
end

def change_client(method, file, value)
  if method == "DELETE"
    raise Answer.new(404, "no such client") unless File.exist?(file)

    return File.delete(file)
  end
  raise Answer.new(409, "the client is there") if File.exist?(file)

  OpenSSL::PKey::RSA.new(value.fetch("public_key"))
  write(file, value)
end

def change_node(method, file, value)
  case method
  when "GET" then read(file)
  when "PUT" then write(file, value)
  else
    read(file)
    File.delete(file)
  end
end

def serve(socket)
  method, path = socket.gets.to_s.split
  headers = {}
  while (line = socket.gets&.chomp) && !line.empty?
    name, value = line.split(": ", 2)
    headers[name.downcase] = value
  end
  body = socket.read(headers["content-length"].to_i).to_s
  code, value =
    begin
      [200, handle(method, path, headers, body)]
    rescue Answer => e
      [e.code, { "error" => [e.value] }]
    rescue KeyError, JSON::ParserError, OpenSSL::PKey::PKeyError => e
      [400, { "error" => [e.message] }]
    end
  warn "#{method} #{path} #{headers["x-ops-userid"]} #{code}"
  text = JSON.generate(value)
  socket.write("HTTP/1.1 #{code} #{code}\r\nContent-Type: application/json\r\nContent-Length: #{text.bytesize}\r\nConnection: close\r\n\r\n#{text}")
ensure
  socket.close
end

name = LookAlike.api_fqdn
folder = "#{LookAlike::STATE}/nginx/ca"
context = OpenSSL::SSL::SSLContext.new
context.cert = OpenSSL::X509::Certificate.new(File.read("#{folder}/#{name}.crt"))
context.key = OpenSSL::PKey::RSA.new(File.read("#{folder}/#{name}.key"))
listener = TCPServer.new("::", 443)
loop do
  client = listener.accept
  Thread.new do
    tls = OpenSSL::SSL::SSLSocket.new(client, context)
    tls.sync_close = true
    serve(tls.accept)
  rescue OpenSSL::SSL::SSLError, SystemCallError => e
    warn e.message
    client.close
  end
end
