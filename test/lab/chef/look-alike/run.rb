module LookAlike
  # What recipes and handlers see of a run.
  class RunContext
    attr_reader :node, :cookbook_collection, :resources, :action_collection, :reboot_info

    def initialize(node, cookbooks)
      @node = node
      @cookbook_collection = cookbooks
      @resources = []
      @action_collection = Chef::ActionCollection.new
      @reboot_info = {}
      @loaded = []
    end

    def request_reboot(info) = @reboot_info = info
    def cancel_reboot = @reboot_info = {}
    def reboot_requested? = !@reboot_info.empty?

    def include_recipe(full_name, from = nil)
      cookbook_name, recipe_name = full_name.start_with?("::") ? [from, full_name[2..]] : full_name.split("::", 2)
      recipe_name ||= "default"
      return if @loaded.include?([cookbook_name, recipe_name])

      @loaded << [cookbook_name, recipe_name]
      cookbook = cookbook_collection[cookbook_name]
      raise Chef::Exceptions::CookbookNotFound, "Cookbook #{cookbook_name} not found." if cookbook.nil?
      if from && from != cookbook_name && !cookbook_collection[from].depends.include?(cookbook_name)
        raise Chef::Exceptions::CookbookNotFound, "#{from} does not depend on #{cookbook_name}: say so in its metadata.rb"
      end

      file = cookbook.recipe_filenames_by_name[recipe_name]
      if file.nil?
        raise Chef::Exceptions::RecipeNotFound, "could not find recipe #{recipe_name} for cookbook #{cookbook_name}"
      end
      Recipe.new(self, cookbook_name, recipe_name).instance_eval(File.read(file, encoding: "UTF-8"), file)
    end

    def find_resource(text)
      type, name = text.match(/\A(\w+)\[(.*)\]\z/m)&.captures
      found = resources.reverse.find { |resource| resource.type.to_s == type && resource.name == name }
      found || raise(Chef::Exceptions::ResourceNotFound, "resource #{text} is configured to be notified, but cannot be found")
    end
  end

  # One run, from the lock to the handlers.
  class Run
    def initialize(settings, options)
      @settings = settings
      @options = options
    end

    def perform
      FileUtils.mkdir_p(File.dirname(@settings[:lockfile]))
      File.open(@settings[:lockfile], File::RDWR | File::CREAT) do |lock|
        take(lock)
        lock.truncate(0)
        lock.write(Process.pid.to_s)
        lock.flush
        locked_run
      end
    rescue Chef::Exceptions::RunLockTimeout => e
      warn "FATAL: #{e.class}: #{e.message}"
      1
    end

    private

    def take(lock)
      return if lock.flock(File::LOCK_EX | File::LOCK_NB)

      timeout = @options[:lock_timeout]
      raise Chef::Exceptions::RunLockTimeout, "Unable to acquire lock. Waited #{timeout} seconds." if timeout

      puts "Cinc Client #{File.read(@settings[:lockfile])} is running, will wait for it to finish and then run."
      lock.flock(File::LOCK_EX)
    end

    def locked_run
      puts "Cinc Client, version #{Chef::VERSION} (look-alike)"
      node = Node.new(@settings[:node_name])
      status = Chef::RunStatus.new(node:)
      begin
        @settings[:start_handlers].each { |handler| handler.run_report_safely(status) }
        source = Source.of(@settings)
        converge(status, source)
        source.save(node)
      rescue StandardError, ScriptError => e
        status.exception = e
      end
      finish(status)
    end

    def converge(status, source)
      tree = source.tree
      policy = @settings[:use_policyfile] ? Policy.new(tree, @settings[:policy_name], @settings[:policy_group]) : nil
      cookbooks = policy ? policy.cookbooks : Cookbook.read_all("#{tree}/cookbooks")
      context = status.run_context = RunContext.new(status.node, cookbooks)
      recipes = (policy ? policy.run_list : run_list).flat_map { |item| expand(item, tree) }
      puts "Resolving cookbooks for run list: #{recipes}"
      cookbooks.each_value do |cookbook|
        cookbook.attribute_files.each { |file| status.node.instance_eval(File.read(file), file) }
      end
      recipes.each { |recipe| context.include_recipe(recipe) }
      Converger.new(context, why_run: @options[:why_run]).converge
    end

    def run_list
      return @options[:run_list] if @options[:run_list]

      path = @options[:json] || @settings[:json_attribs]
      return [] if path.nil?

      given = JSON.parse(File.read(path, encoding: "UTF-8"))
      list = given["run_list"]
      raise Chef::Exceptions::ValidationFailed, "#{path}: run_list is a list" unless list.is_a?(Array)

      list
    end

    def expand(item, tree)
      case item
      when /\Arecipe\[([^\]@]+)(@[\d.]+)?\]\z/, /\A([\w.:-]+)\z/ then [Regexp.last_match(1)]
      when /\Arole\[([\w.-]+)\]\z/
        role = JSON.parse(File.read("#{tree}/roles/#{Regexp.last_match(1)}.json"))
        role.fetch("run_list").flat_map { |inner| expand(inner, tree) }
      else raise Chef::Exceptions::ValidationFailed, "Unable to create Chef::RunList::RunListItem from #{item.inspect}"
      end
    end

    def finish(status)
      handlers = status.exception ? @settings[:exception_handlers] : @settings[:report_handlers]
      handlers.each { |handler| handler.run_report_safely(status) }
      if status.exception
        warn "FATAL: #{status.exception.class}: #{status.exception.message}"
        return 1
      end
      count = status.run_context.action_collection.count { |record| record.status == :updated }
      puts "Infra Phase complete, #{count} resources updated"
      return 0 unless status.run_context.reboot_requested?

      # Nobody took the request up: the client itself would shut the host down now.
      system("shutdown", "-r", "+#{status.run_context.reboot_info[:delay_mins].to_i}")
      35
    end
  end

  # Runs the resources in order, then what they have notified.
  class Converger
    def initialize(context, why_run: false)
      @context = context
      @why_run = why_run
      @delayed = []
    end

    def converge
      failure = nil
      @context.resources.each do |resource|
        resource.actions.each { |action| act(resource, action) }
      rescue StandardError => e
        failure = e
        break
      end
      # Chef runs what was notified even after a failure.
      until @delayed.empty?
        action, resource = @delayed.shift
        begin
          act(resource, action)
        rescue StandardError => e
          failure ||= e
        end
      end
      unprocessed if failure
      raise failure if failure
    end

    private

    def act(resource, action)
      started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      record = Chef::ActionRecord.new(new_resource: resource, action:, nesting_level: 0)
      resource.was_run = true
      record.status = perform(resource, action, record)
      puts "  * #{resource} action #{action} (#{record.status.to_s.tr("_", " ")})"
      notify(resource) if record.status == :updated
    rescue StandardError => e
      record.status = :failed
      record.exception = e
      raise e.class, "#{resource} (#{resource.place}) had an error: #{e.class}: #{e.message}", e.backtrace
    ensure
      record.elapsed_time = Process.clock_gettime(Process::CLOCK_MONOTONIC) - started
      @context.action_collection << record
    end

    def perform(resource, action, record)
      return :skipped if action == :nothing

      conditional = resource.conditionals.find { |one| !one.holds? }
      if conditional
        record.conditional = conditional
        return :skipped
      end
      resource.check_action(action)
      changes = resource.converge(action, @why_run)
      changes ? :updated : :up_to_date
    end

    def notify(resource)
      resource.notifications.each do |action, target, timing|
        target = @context.find_resource(target) if target.is_a?(String)
        target.check_action(action)
        if timing == :immediately then act(target, action)
        elsif !@delayed.include?([action, target]) then @delayed << [action, target]
        end
      end
    end

    def unprocessed
      @context.resources.reject(&:was_run).each do |resource|
        resource.actions.each do |action|
          @context.action_collection << Chef::ActionRecord.new(
            new_resource: resource, action:, nesting_level: 0, status: :unprocessed, elapsed_time: 0
          )
        end
      end
    end
  end
end
