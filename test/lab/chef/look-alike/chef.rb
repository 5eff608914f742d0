# The part of Chef's own names that handlers and recipes may use.
class Chef
  VERSION = ENV.fetch("LOOK_ALIKE_VERSION", "18.0.0")

  module Exceptions
    class RecipeNotFound < StandardError; end
    class CookbookNotFound < StandardError; end
    class ResourceNotFound < StandardError; end
    class ValidationFailed < ArgumentError; end
    class EnclosingDirectoryDoesNotExist < StandardError; end
    class GroupIDNotFound < StandardError; end
    class UserIDNotFound < StandardError; end
    class NoSuchResourceType < NameError; end
    class RunLockTimeout < StandardError; end
    class Service < StandardError; end
    class ShellCommandFailed < StandardError; end
    class FileContentStagingError < StandardError; end
  end

  # As Chef's: subclasses have a method `report`, and may ask for the run's parts.
  class Handler
    attr_reader :run_status

    def run_report_safely(run_status)
      @run_status = run_status
      report
    rescue Exception => e # rubocop:disable Lint/RescueException -- as Chef does
      warn "ERROR: Report handler #{self.class.name} raised #{e.inspect}"
      Array(e.backtrace).each { |line| warn "ERROR: #{line}" }
    end

    def report; end

    def exception = run_status.exception
    def node = run_status.node
    def run_context = run_status.run_context
    def success? = exception.nil?
    def failed? = !success?
  end

  RunStatus = Struct.new(:node, :run_context, :exception, keyword_init: true)

  ActionRecord = Struct.new(
    :new_resource, :action, :status, :elapsed_time, :exception, :conditional, :nesting_level, keyword_init: true
  )

  # What every resource has done, in order.
  class ActionCollection
    include Enumerable

    def initialize(records = [])
      @records = records
    end

    def <<(record) = @records << record
    def each(&block) = @records.each(&block)

    def filtered_collection(max_nesting: nil, up_to_date: true, skipped: true, updated: true, failed: true, unprocessed: true)
      wanted = { up_to_date:, skipped:, updated:, failed:, unprocessed: }
      self.class.new(@records.select do |record|
        (max_nesting.nil? || record.nesting_level <= max_nesting) && wanted.fetch(record.status)
      end)
    end
  end
end
