# A look-alike of cinc-client, for tests where no real one can be had. It is no Chef: it knows the few resources that the
# tests use, as Chef Infra Client 18 behaves with them, and refuses everything else. What it is given (options, settings,
# run list, cookbooks) is checked strictly, so that a mistake fails here as it would there.
require "etc"
require "fileutils"
require "json"
require "net/http"
require "open3"
require "optparse"
require "pathname"
require "tempfile"
require "uri"

require_relative "chef"
require_relative "signature"
require_relative "settings"
require_relative "node"
require_relative "resources"
require_relative "recipe"
require_relative "source"
require_relative "run"

options = { config: "/etc/cinc/client.rb" }
parser = OptionParser.new do |on|
  on.on("-c", "--config FILE") { |path| options[:config] = path }
  on.on("-j", "--json-attributes FILE") { |path| options[:json] = path }
  on.on("-o", "--override-runlist LIST") { |list| options[:run_list] = list.split(",") }
  on.on("-z", "--local-mode") { options[:local] = true }
  on.on("-W", "--why-run") { options[:why_run] = true }
  on.on("--[no-]color") { |_| }
  on.on("--run-lock-timeout SECONDS", Integer) { |seconds| options[:lock_timeout] = seconds }
  on.on("-v", "--version") do
    puts "Cinc Client (look-alike): #{Chef::VERSION}"
    exit 0
  end
end

begin
  parser.parse!(ARGV)
  raise OptionParser::InvalidArgument, ARGV.join(" ") unless ARGV.empty?
rescue OptionParser::ParseError => e
  warn "FATAL: #{e.message}"
  exit 1
end

begin
  settings = LookAlike::Settings.read(options[:config])
  exit LookAlike::Run.new(settings, options).perform
rescue LookAlike::ConfigurationError => e
  warn "FATAL: #{e.class}: #{e.message}"
  exit 43
end
