module LookAlike
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
end
