module LookAlike
  class ConfigurationError < StandardError; end

  # client.rb: Ruby in which each setting is a call. Real Chef takes unknown settings in silence; here they are refused.
  class Settings
    PATHS = %i[chef_repo_path cache_path file_cache_path file_backup_path node_path client_path lockfile json_attribs].freeze
    WORDS = %i[node_name policy_name policy_group].freeze
    SWITCHES = %i[local_mode use_policyfile policy_document_native_api].freeze
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

    def check
      PATHS.each do |name|
        value = self[name]
        next if value.nil? && name == :json_attribs
        raise ConfigurationError, "#{name} must be an absolute path: #{value.inspect}" unless value.to_s.start_with?("/")
      end
      raise ConfigurationError, "local_mode must be true: there is no server" unless self[:local_mode] == true
      raise ConfigurationError, "node_name is missing" if self[:node_name].to_s.empty?
      raise ConfigurationError, "policyfiles are not in the look-alike" if self[:use_policyfile]
    end
  end
end
