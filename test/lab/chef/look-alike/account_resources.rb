module LookAlike
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
end
