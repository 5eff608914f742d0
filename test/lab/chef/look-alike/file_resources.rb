module LookAlike
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
end
