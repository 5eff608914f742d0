module LookAlike
  class ConfigurationError < StandardError; end

  # client.rb: Ruby in which each setting is a call. Real Chef takes unknown settings in silence; here they are refused.
  class Settings
    # In both modes, then of the one or the other; `json_attribs` is not needed with a policy.
    COMMON = %i[cache_path file_cache_path file_backup_path lockfile].freeze
    LOCAL = %i[chef_repo_path node_path client_path].freeze
    SERVER = %i[client_key trusted_certs_dir].freeze
    PATHS = (COMMON + LOCAL + SERVER + %i[json_attribs]).freeze
    WORDS = %i[node_name policy_name policy_group chef_server_url].freeze
    SWITCHES = %i[local_mode use_policyfile policy_document_native_api ssl_verify_mode].freeze
    HANDLERS = %i[start_handlers report_handlers exception_handlers].freeze

    def self.read(path)
      raise ConfigurationError, "#{path} is not there" unless File.file?(path)

      settings = new
      settings.instance_eval(File.read(path, encoding: "UTF-8"), path)
      Dir["#{File.dirname(path)}/client.d/*.rb"].sort.each { |more| settings.instance_eval(File.read(more), more) }
      settings.tap(&:check)
    rescue NameError, SyntaxError, LoadError => e
      raise ConfigurationError, "#{path}: #{e.message}"
    end

    def initialize
      @values = {}
      HANDLERS.each { |name| @values[name] = [] }
    end

    def [](name) = @values[name]

    (PATHS + WORDS + SWITCHES).each do |name|
      define_method(name) do |*value|
        value.empty? ? @values[name] : @values[name] = value.fetch(0)
      end
    end
    HANDLERS.each { |name| define_method(name) { @values[name] } }

    def server? = !self[:chef_server_url].nil?

    def check
      (COMMON + (server? ? SERVER : LOCAL)).each { |name| absolute(name) }
      check_mode
      raise ConfigurationError, "node_name is missing" if self[:node_name].to_s.empty?

      if self[:use_policyfile]
        raise ConfigurationError, "a policy has a name and a group" unless self[:policy_name] && self[:policy_group]
        raise ConfigurationError, "policies are read natively" unless self[:policy_document_native_api]
      elsif self[:json_attribs]
        absolute(:json_attribs)
      end
    end

    private

    def absolute(name)
      value = self[name]
      raise ConfigurationError, "#{name} must be an absolute path: #{value.inspect}" unless value.to_s.start_with?("/")
    end

    def check_mode
      if server?
        raise ConfigurationError, "local_mode and chef_server_url exclude each other" if self[:local_mode]
        raise ConfigurationError, "TLS must be verified" unless self[:ssl_verify_mode] == :verify_peer
      elsif self[:local_mode] != true
        raise ConfigurationError, "local_mode must be true: there is no server"
      end
    end
  end
end
