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
end
