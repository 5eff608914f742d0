module LookAlike
  # A cookbook as it lies in the tree.
  class Cookbook
    METADATA = %w[
      name version description long_description license maintainer maintainer_email chef_version supports depends source_url
      issues_url
    ].freeze

    attr_reader :name, :path, :depends

    def self.read_all(folder)
      raise Chef::Exceptions::CookbookNotFound, "no folder #{folder}" unless File.directory?(folder)

      Dir["#{File.realpath(folder)}/*/metadata.rb"].sort.map { |file| new(file) }.to_h { |cookbook| [cookbook.name, cookbook] }
    end

    def initialize(file)
      @path = File.dirname(file)
      @depends = []
      instance_eval(File.read(file), file)
      raise Chef::Exceptions::ValidationFailed, "#{file}: a cookbook needs a name" if @name.to_s.empty?
    end

    METADATA.each do |word|
      define_method(word) do |*values|
        next @name if word == "name" && values.empty?

        raise Chef::Exceptions::ValidationFailed, "#{word} is text" unless values.all?(String)
        @name = values.first if word == "name"
        @depends << values.first if word == "depends"
        if word == "version" && !values.first.match?(/\A\d+\.\d+(\.\d+)?\z/)
          raise Chef::Exceptions::ValidationFailed, "'#{values.first}' does not match 'x.y.z' or 'x.y'"
        end
      end
    end

    def recipe_filenames_by_name
      Dir["#{path}/recipes/*.rb"].to_h { |file| [File.basename(file, ".rb"), file] }
    end

    def attribute_files = Dir["#{path}/attributes/*.rb"].sort
  end

  # A recipe's text: a call of a known word makes a resource.
  class Recipe
    attr_reader :run_context, :cookbook_name, :recipe_name

    def initialize(run_context, cookbook_name, recipe_name)
      @run_context = run_context
      @cookbook_name = cookbook_name
      @recipe_name = recipe_name
    end

    def node = run_context.node
    def data_bag(*) = raise(NotImplementedError, "data bags are not in the look-alike")
    def platform?(*names) = names.include?(node["platform"])
    def include_recipe(*names) = names.each { |name| run_context.include_recipe(name, cookbook_name) }
    def shell_out(*command) = ShellOut.run(*command)

    RESOURCES.each do |type, resource_class|
      define_method(type) do |name = nil, &block|
        raise Chef::Exceptions::ValidationFailed, "#{type} needs a name" if name.nil?

        place = caller_locations(1, 1).first
        resource = resource_class.new(name, self, "#{cookbook_name}::#{recipe_name} line #{place.lineno}")
        resource.instance_eval(&block) if block
        run_context.resources << resource
        resource
      end
    end

    def inspect = "Recipe #{cookbook_name}::#{recipe_name}"
  end
end
