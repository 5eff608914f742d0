module LookAlike
  # Attributes of two levels: cookbooks' and handlers' `default`, and what the system says of itself. Deeply readable by
  # string or symbol.
  class Node
    class Attributes < Hash
      def self.[](value)
        case value
        when Hash then value.each_with_object(new) { |(key, item), made| made.store(key.to_s, self[item]) }
        when Array then value.map { |item| self[item] }
        else value
        end
      end

      def [](key) = super(key.to_s)
      def []=(key, value)
        store(key.to_s, Attributes[value])
      end
      def key?(key) = super(key.to_s)
      def dig(key, *more) = more.empty? ? self[key] : self[key]&.dig(*more)
      def to_h(&block) = block ? super : {}.merge(self)
    end

    # What a cookbook's attributes file may write: levels are made as they are named.
    class Writer < Attributes
      def [](key)
        key = key.to_s
        store(key, Writer.new) unless key?(key)
        fetch(key)
      end
    end

    attr_reader :name, :default

    def initialize(name)
      @name = name
      @default = Writer.new
      @automatic = Attributes[automatic]
    end

    # Recipes can only read.
    def [](key) = @automatic.key?(key) ? @automatic[key] : (@default.key?(key) ? @default.fetch(key.to_s) : nil)
    def attribute?(key) = @automatic.key?(key) || @default.key?(key)
    def read(*keys) = keys.drop(1).reduce(self[keys.first]) { |at, key| at.is_a?(Hash) || at.is_a?(Array) ? at[key] : nil }

    def to_h = { "name" => name, "default" => @default, "automatic" => @automatic }

    def save(folder)
      FileUtils.mkdir_p(folder)
      File.write("#{folder}/#{name}.json", JSON.pretty_generate(to_h))
    end

    private

    def automatic
      release = File.readlines("/etc/os-release", chomp: true).filter_map { |line| line.split("=", 2) if line.include?("=") }
                    .to_h.transform_values { |value| value.delete('"') }
      {
        "hostname" => `hostname`.strip,
        "platform" => release["ID"],
        "platform_family" => "debian",
        "platform_version" => release["VERSION_ID"],
        "os" => "linux"
      }
    end
  end
end
