module LookAlike
  # Where cookbooks come from and nodes go to: the tree on this host, or a server.
  module Source
    def self.of(settings) = settings.server? ? FromServer.new(settings) : FromTree.new(settings)
  end

  class FromTree
    def initialize(settings) = @settings = settings
    def tree = @settings[:chef_repo_path]
    def save(node) = node.save(@settings[:node_path])
  end

  # Asks by signed requests with the client's own key; without a key there is no way in, since there is no validator.
  class FromServer
    def initialize(settings)
      @settings = settings
      @server = Connection.new(
        url: settings[:chef_server_url], user: settings[:node_name], key_file: settings[:client_key],
        certificates: settings[:trusted_certs_dir]
      )
    end

    def tree
      @tree ||= "#{@settings[:file_cache_path]}/repository".tap do |folder|
        FileUtils.rm_rf(folder)
        @server.call("GET", "/tree").each do |path, text|
          FileUtils.mkdir_p(File.dirname("#{folder}/#{path}"))
          File.write("#{folder}/#{path}", text)
        end
      end
    end

    def save(node) = @server.call("PUT", "/nodes/#{node.name}", node.to_h)
  end

  # What `chef export` has written: a group names a revision, and the revision names its cookbooks and its run list.
  class Policy
    attr_reader :run_list

    def initialize(tree, name, group)
      revision = read("#{tree}/policy_groups/#{group}.json").fetch("policies").fetch(name).fetch("revision_id")
      policy = read("#{tree}/policies/#{name}-#{revision}.json")
      @tree = tree
      @run_list = policy.fetch("run_list")
      @locks = policy.fetch("cookbook_locks")
    end

    def cookbooks
      @locks.to_h do |name, lock|
        file = "#{File.realpath(@tree)}/cookbook_artifacts/#{name}-#{lock.fetch("identifier")}/metadata.rb"
        raise Chef::Exceptions::CookbookNotFound, "no #{file}" unless File.exist?(file)

        [name, Cookbook.new(file)]
      end
    end

    private

    def read(path) = JSON.parse(File.read(path, encoding: "UTF-8"))
  end
end
