module LookAlike
  module ShellOut
    Result = Struct.new(:stdout, :stderr, :exitstatus)

    def self.run(*command, timeout: 600)
      command = ["sh", "-c", command.first] if command.length == 1 && command.first.is_a?(String)
      stdout, stderr, status = Open3.capture3("timeout", timeout.to_s, *command.flatten)
      Result.new(stdout, stderr, status.exitstatus)
    end

    def self.run!(*command, **options)
      result = run(*command, **options)
      return result if result.exitstatus.zero?

      raise Chef::Exceptions::ShellCommandFailed,
            "Expected process to exit with [0], but received '#{result.exitstatus}'\n" \
            "---- Begin output of #{command.flatten.join(" ")} ----\nSTDOUT: #{result.stdout.strip}\n" \
            "STDERR: #{result.stderr.strip}\n---- End output ----"
    end
  end

  class Conditional
    def initialize(word, command, block)
      @word = word
      @command = command
      @block = block
    end

    def holds?
      result = @block ? !!@block.call : ShellOut.run(@command).exitstatus.zero?
      @word == "only_if" ? result : !result
    end

    def to_text = @block ? "#{@word} { #code block }" : "#{@word} \"#{@command}\""
  end

  # A resource: `properties` says what may be set, `on` what an action does. It answers true where something was changed.
  class Resource
    class << self
      attr_reader :allowed

      def properties(**allowed)
        @allowed = allowed
        allowed.each_key do |name|
          define_method(name) { |*value| value.empty? ? value_of(name) : set(name, value.fetch(0)) }
        end
      end

      # The property that is the resource's name where it is not set.
      def named(name = nil) = name ? @named = name : @named

      def on(*names, &block) = names.each { |name| actions[name] = block }
      def actions = @actions ||= {}
      def default_action(name = nil) = name ? @default_action = name : @default_action
    end

    attr_reader :name, :place, :notifications, :conditionals
    attr_accessor :was_run

    def initialize(name, recipe, place)
      @name = name
      @recipe = recipe
      @place = place
      @values = {}
      @notifications = []
      @conditionals = []
    end

    def type = RESOURCES.key(self.class)
    # Chef names the resource that it has chosen for the platform.
    def to_s = "#{{ package: "apt_package", user: "linux_user" }.fetch(type, type)}[#{name}]"
    def node = @recipe.node
    def run_context = @recipe.run_context
    def cookbook_name = @recipe.cookbook_name
    def actions = @actions || [self.class.default_action]

    def action(*names)
      return actions if names.empty?

      @actions = names.flatten.map(&:to_sym)
      @actions.each { |one| check_action(one) }
    end

    def check_action(one)
      return if one == :nothing || self.class.actions.key?(one)

      raise Chef::Exceptions::ValidationFailed, "Option action must be one of #{self.class.actions.keys}: #{one.inspect}"
    end

    def notifies(action, target, timing = :delayed)
      @notifications << [action, target, timing == :immediate ? :immediately : timing]
    end

    def subscribes(action, target, timing = :delayed)
      run_context.find_resource(target).notifies(action, self, timing)
    end

    def only_if(command = nil, &block) = @conditionals << Conditional.new("only_if", command, block)
    def not_if(command = nil, &block) = @conditionals << Conditional.new("not_if", command, block)
    def sensitive(*value) = value.empty? ? @sensitive == true : @sensitive = value.first
    def ignore_failure(*) = raise(NotImplementedError, "ignore_failure is not in the look-alike")

    def converge(action, why_run)
      @why_run = why_run
      @changed = false
      instance_exec(&self.class.actions.fetch(action))
      @changed
    end

    private

    # What an action would do: only said in why-run mode.
    def change
      @changed = true
      yield unless @why_run
    end

    def set(name, value)
      kinds = self.class.allowed.fetch(name)
      unless kinds.any? { |kind| kind === value }
        raise Chef::Exceptions::ValidationFailed, "Option #{name} must be a kind of #{kinds}! You passed #{value.inspect}."
      end
      @values[name] = value
    end

    def value_of(property) = @values.fetch(property) { property == self.class.named ? name : nil }
  end

  TEXT = [String].freeze
  ID = [Integer, String].freeze
  SWITCH = [true, false].freeze

  # Owner, group and mode of something that has a path.
  module Secured
    def secure(path)
      stat = File.lstat(path)
      uid = owner && user_id(owner)
      gid = group && group_id(group)
      change { File.chown(uid, nil, path) } if uid && stat.uid != uid
      change { File.chown(nil, gid, path) } if gid && stat.gid != gid
      wanted = mode && (mode.is_a?(Integer) ? mode : mode.to_s.to_i(8))
      change { File.chmod(wanted, path) } if wanted && (stat.mode & 0o7777) != wanted
    end

    def user_id(name)
      name.is_a?(Integer) ? name : Etc.getpwnam(name).uid
    rescue ArgumentError
      raise Chef::Exceptions::UserIDNotFound, "cannot determine user id for '#{name}', does the user exist on this system?"
    end

    def group_id(name)
      name.is_a?(Integer) ? name : Etc.getgrnam(name).gid
    rescue ArgumentError
      raise Chef::Exceptions::GroupIDNotFound, "cannot determine group id for '#{name}', does the group exist on this system?"
    end
  end

  class FileResource < Resource
    include Secured
    named :path
    properties path: TEXT, content: TEXT, owner: ID, group: ID, mode: ID, backup: [Integer, false]
    default_action :create
    attr_reader :diff

    def verify(command = nil, &block) = (@checks ||= []) << (block || ->(file) { system(command.gsub("%{path}", file)) })
    def wanted = content

    def write
      folder = File.dirname(path)
      raise Chef::Exceptions::EnclosingDirectoryDoesNotExist, "Parent directory #{folder} does not exist." unless File.directory?(folder)

      new = wanted
      old = File.file?(path) ? File.binread(path) : nil
      change { FileUtils.touch(path) } if old.nil? && new.nil?
      # As Chef: the candidate is written beside the file before the two are compared.
      stage(new) { |candidate| deploy(candidate, old) if old.nil? || old != new.b } unless new.nil?
      secure(path) if File.exist?(path)
    end

    def deploy(candidate, old)
      @diff = ShellOut.run("diff", "-u", old ? path : "/dev/null", candidate).stdout unless sensitive
      unless (@checks || []).all? { |check| check.call(candidate) }
        raise Chef::Exceptions::ValidationFailed, "Proposed content for #{path} failed verification"
      end
      change do
        FileUtils.chmod(old ? File.stat(path).mode : 0o644, candidate)
        File.chown(File.stat(path).uid, File.stat(path).gid, candidate) if old
        File.rename(candidate, path)
      end
    end

    def stage(text)
      staged = Tempfile.create(".chef-", File.dirname(path))
      staged.binmode
      staged.write(text)
      staged.close
      yield staged.path
    ensure
      FileUtils.rm_f(staged.path) if staged
    end

    on(:create) { write }
    on(:create_if_missing) { write unless File.exist?(path) }
    on(:delete) { change { File.unlink(path) } if File.exist?(path) || File.symlink?(path) }
  end

  class TemplateResource < FileResource
    named :path
    properties path: TEXT, source: TEXT, variables: [Hash], owner: ID, group: ID, mode: ID, backup: [Integer, false]
    default_action :create
    actions.merge!(FileResource.actions)

    def wanted
      require "erb"
      file = run_context.cookbook_collection.fetch(cookbook_name).path + "/templates/#{source || "#{File.basename(name)}.erb"}"
      raise Chef::Exceptions::FileContentStagingError, "Cookbook '#{cookbook_name}' has no #{file}" unless File.file?(file)

      scope = Object.new
      (variables || {}).each { |key, value| scope.instance_variable_set("@#{key}", value) }
      node = self.node
      scope.define_singleton_method(:node) { node }
      ERB.new(File.read(file, encoding: "UTF-8"), trim_mode: "-").result(scope.instance_eval { binding })
    end
  end

  class CookbookFileResource < FileResource
    named :path
    properties path: TEXT, source: TEXT, owner: ID, group: ID, mode: ID, backup: [Integer, false]
    default_action :create
    actions.merge!(FileResource.actions)

    def wanted
      folder = run_context.cookbook_collection.fetch(cookbook_name).path
      File.read("#{folder}/files/#{source || File.basename(name)}", encoding: "UTF-8")
    end
  end

  class DirectoryResource < Resource
    include Secured
    named :path
    properties path: TEXT, owner: ID, group: ID, mode: ID, recursive: SWITCH
    default_action :create

    on(:create) do
      unless File.directory?(path)
        parent = File.dirname(path)
        unless recursive || File.directory?(parent)
          raise Chef::Exceptions::EnclosingDirectoryDoesNotExist, "Parent directory #{parent} does not exist, cannot create #{path}"
        end
        change { FileUtils.mkdir_p(path) }
      end
      secure(path) if File.directory?(path)
    end
    on(:delete) { change { recursive ? FileUtils.rm_r(path) : Dir.rmdir(path) } if File.directory?(path) }
  end

  class LinkResource < Resource
    named :target_file
    properties target_file: TEXT, to: TEXT
    default_action :create
    on(:create) do
      unless File.symlink?(target_file) && File.readlink(target_file) == to
        change { FileUtils.ln_sf(to, target_file) }
      end
    end
    on(:delete) { change { File.unlink(target_file) } if File.symlink?(target_file) }
  end

  class PackageResource < Resource
    named :package_name
    properties package_name: [String, Array], version: TEXT
    default_action :install
    def names = Array(package_name)
    def installed?(one) = ShellOut.run("dpkg-query", "-W", "-f", "${db:Status-Status}", one).stdout == "installed"

    def apt(*words)
      ShellOut.run!("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300", *words)
    end

    on(:install) do
      missing = names.reject { |one| installed?(one) }
      change { apt("install", *missing) } unless missing.empty?
    end
    on(:remove) do
      there = names.select { |one| installed?(one) }
      change { apt("remove", *there) } unless there.empty?
    end
  end

  class GroupResource < Resource
    named :group_name
    properties group_name: TEXT, gid: ID, members: [Array, String], append: SWITCH, system: SWITCH
    default_action :create

    def current
      Etc.getgrnam(group_name)
    rescue ArgumentError
      nil
    end

    # As Chef: without `append` the members are exactly those named, and none where nobody is named.
    def manage(found)
      change { ShellOut.run!("groupmod", "-g", gid.to_s, group_name) } if gid && found.gid != gid.to_i
      named = Array(members)
      missing = named - found.mem
      if append then missing.each { |user| change { ShellOut.run!("gpasswd", "-a", user, group_name) } }
      elsif found.mem.sort != named.sort then change { ShellOut.run!("gpasswd", "-M", named.join(","), group_name) }
      end
    end

    on(:create) do
      found = current
      if found then manage(found)
      else
        change do
          ShellOut.run!("groupadd", *(gid ? ["-g", gid.to_s] : []), *(system ? ["-r"] : []), group_name)
          manage(current)
        end
      end
    end
    on(:manage) { manage(current) if current }
    on(:remove) { change { ShellOut.run!("groupdel", group_name) } if current }
  end

  class UserResource < Resource
    named :username
    properties username: TEXT, comment: TEXT, uid: ID, gid: ID, shell: TEXT, home: TEXT, manage_home: SWITCH, system: SWITCH,
               password: TEXT
    default_action :create

    def current
      Etc.getpwnam(username)
    rescue ArgumentError
      nil
    end

    def wanted_gid
      return nil if gid.nil?

      gid.is_a?(Integer) ? gid : Etc.getgrnam(gid).gid
    rescue ArgumentError
      raise Chef::Exceptions::GroupIDNotFound, "Couldn't lookup integer GID for group name #{gid}"
    end

    def words(found)
      set = []
      set += ["-c", comment] if comment && found&.gecos.to_s.dup.force_encoding("UTF-8") != comment
      set += ["-u", uid.to_s] if uid && found&.uid != uid.to_i
      set += ["-g", wanted_gid.to_s] if gid && found&.gid != wanted_gid
      set += ["-s", shell] if shell && found&.shell != shell
      set += ["-d", home] + (found && manage_home ? ["-m"] : []) if home && found&.dir != home
      set
    end

    on(:create) do
      found = current
      set = words(found)
      if found.nil? then change { ShellOut.run!("useradd", *set, manage_home ? "-m" : "-M", *(system ? ["-r"] : []), username) }
      elsif !set.empty? then change { ShellOut.run!("usermod", *set, username) }
      end
    end
    on(:remove) { change { ShellOut.run!("userdel", username) } if current }
    on(:lock) { change { ShellOut.run!("usermod", "-L", username) } unless File.read("/etc/shadow")[/^#{username}:!/] }
  end

  class ServiceResource < Resource
    named :service_name
    properties service_name: TEXT, supports: [Hash]
    default_action :nothing
    def unit = service_name
    def systemctl?(word) = ShellOut.run("systemctl", "--quiet", word, unit).exitstatus.zero?
    def systemctl!(word) = ShellOut.run!("systemctl", word, unit)

    on(:enable) { change { systemctl!("enable") } unless systemctl?("is-enabled") }
    on(:disable) { change { systemctl!("disable") } if systemctl?("is-enabled") }
    on(:start) { change { systemctl!("start") } unless systemctl?("is-active") }
    on(:stop) { change { systemctl!("stop") } if systemctl?("is-active") }
    on(:restart) { change { systemctl!("restart") } }
    on(:reload) { change { systemctl!("reload") } if systemctl?("is-active") }
  end

  class ExecuteResource < Resource
    named :command
    properties command: [String, Array], creates: TEXT, cwd: TEXT, environment: [Hash], timeout: [Integer], returns: [Integer, Array],
               live_stream: SWITCH
    default_action :run

    on(:run) do
      unless creates && File.exist?(creates)
        change do
          raise NotImplementedError, "cwd, environment and returns are not in the look-alike" if cwd || environment || returns

          ShellOut.run!(command, timeout: timeout || 3600)
        end
      end
    end
  end

  class LogResource < Resource
    named :message
    properties message: TEXT, level: [Symbol]
    default_action :write
    on(:write) { puts message }
  end

  class RubyBlockResource < Resource
    properties
    default_action :run
    def block(&block) = block ? @block = block : @block
    on(:run) { change { @block.call } }
  end

  class RebootResource < Resource
    properties reason: TEXT, delay_mins: [Integer]
    default_action :nothing
    on(:request_reboot) do
      change do
        run_context.request_reboot(delay_mins: delay_mins || 0, reason: reason || "Reboot by Chef", requested_by: name)
      end
    end
  end

  RESOURCES = {
    file: FileResource, template: TemplateResource, cookbook_file: CookbookFileResource, directory: DirectoryResource,
    link: LinkResource, package: PackageResource, group: GroupResource, user: UserResource, service: ServiceResource,
    execute: ExecuteResource, log: LogResource, ruby_block: RubyBlockResource, reboot: RebootResource
  }.freeze
end
