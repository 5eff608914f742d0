# The knife of the look-alike of Cinc Server: clients, nodes, and the upload of a tree, by signed requests as the real one's.
require "json"
require "net/http"
require "optparse"
require "uri"
require_relative "signature"

SETTINGS = %w[node_name client_key chef_server_url trusted_certs_dir chef_repo_path].freeze

options = {}
words = OptionParser.new do |on|
  on.on("-c", "--config FILE") { |path| options[:config] = path }
  on.on("--[no-]color") { |_| }
  on.on("-y", "--yes") { options[:yes] = true }
  on.on("-D", "--delete-validators") { options[:validators] = true }
  on.on("-d", "--disable-editing") { options[:plain] = true }
  on.on("-p", "--public-key FILE") { |path| options[:key] = path }
end.parse(ARGV)

settings = File.readlines(options.fetch(:config), chomp: true).grep_v(/\A(#|\z)/).to_h do |line|
  name, value = line.match(/\A(\w+) '([^']*)'\z/)&.captures
  SETTINGS.include?(name) ? [name, value] : abort("knife.rb: #{line}")
end
server = LookAlike::Connection.new(
  url: settings.fetch("chef_server_url"), user: settings.fetch("node_name"), key_file: settings.fetch("client_key"),
  certificates: settings.fetch("trusted_certs_dir")
)

# All files below the folder, by their paths.
def tree_of(folder)
  root = File.realpath(folder)
  Dir["#{root}/**/*"].select { |path| File.file?(path) }.to_h do |path|
    [path.delete_prefix("#{root}/"), File.read(path, encoding: "UTF-8")]
  end
end

begin
  case words
  in ["client" | "node" => kind, "list"] then puts server.call("GET", "/#{kind}s")
  in ["client", "create", name]
    abort "ERROR: it would open an editor: --disable-editing" unless options[:plain]
    server.call("POST", "/clients", { "name" => name, "public_key" => File.read(options.fetch(:key)) })
    warn "Created client[#{name}]"
  in ["client", "delete", name]
    abort "ERROR: it would ask: --yes" unless options[:yes]
    abort "ERROR: --delete-validators is needed" if name.end_with?("-validator") && !options[:validators]
    server.call("DELETE", "/clients/#{name}")
    warn "Deleted client[#{name}]"
  in ["node", "delete", name]
    abort "ERROR: it would ask: --yes" unless options[:yes]
    server.call("DELETE", "/nodes/#{name}")
  in ["upload", "/"] then server.call("PUT", "/tree", tree_of(settings.fetch("chef_repo_path")))
  else abort "FATAL: unknown: #{words.join(" ")}"
  end
rescue LookAlike::Connection::Refused, LookAlike::Connection::NotFound, SystemCallError, OpenSSL::SSL::SSLError => e
  warn "ERROR: #{e.message}"
  exit 100
end
