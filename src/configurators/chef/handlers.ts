/**
 * Ruby for the client's own process: a start handler that brings the server's data, and a report handler that writes down
 * how the run went.
 *
 * The data is set at level `default` at the start of each run, and not by `--json-attributes`: those become normal
 * attributes, which are kept with the node and united with the next run's, list by list, so that a user who was taken
 * out of the stack would stay (Chef::Node#consume_attributes, Chef::Mixin::DeepMerge, seen in 18.11).
 *
 * The report is of Chef's own action records (Chef::ActionCollection, in all releases since 15).
 */
export const HANDLERS = String.raw`# Written by bootmachine. Loaded by client.rb.
require "json"

module Bootmachine
  # Puts the server's data under node["bootmachine"] before any cookbook is read.
  class Attributes < Chef::Handler
    def initialize(path)
      super()
      @path = path
    end

    # A handler that raises is only logged: without the data nothing must be converged.
    def run_report_safely(run_status)
      run_status.node.default["bootmachine"] = JSON.parse(File.read(@path, encoding: "UTF-8"))
    end
  end

  # Notes in one line how the run ended and, where BM_RESULT names a file, writes into it what every resource has done.
  class Report < Chef::Handler
    STATUS = {
      updated: "changed", up_to_date: "ok", skipped: "skipped", failed: "failed", unprocessed: "skipped"
    }.freeze
    LONGEST = 200

    def initialize(path)
      super()
      @path = path
    end

    def report
      failure = exception && describe(exception)
      replace(@path, failure ? "failed: #{failure.lines.first}" : "ok\n")
      result = ENV["BM_RESULT"].to_s
      return if result.empty?

      replace(result, JSON.generate(
        "version" => 1,
        "client" => Chef::VERSION,
        "failure" => failure,
        "reboot" => take_reboot,
        "changes" => changes
      ))
    end

    private

    # The client would shut the host down by itself: a reboot is bootmachine's to do, and to prove.
    def take_reboot
      context = run_status.run_context
      return nil unless context.respond_to?(:reboot_requested?) && context.reboot_requested?

      reason = context.reboot_info[:reason].to_s
      context.cancel_reboot
      reason
    end

    def changes
      records = run_status.run_context&.action_collection
      return [] unless records

      records.filtered_collection(max_nesting: 0).reject { |record| record.action == :nothing }.map do |record|
        {
          "id" => "#{record.new_resource} #{record.action}",
          "status" => STATUS.fetch(record.status, "failed"),
          "ms" => (record.elapsed_time.to_f * 1000).round,
          "reason" => reason(record),
          "diff" => diff(record.new_resource)
        }.compact
      end
    end

    def reason(record)
      case record.status
      when :failed then describe(record.exception) if record.exception
      when :skipped then record.conditional.respond_to?(:to_text) ? record.conditional.to_text[0, 200] : nil
      when :unprocessed then "the run ended before it"
      end
    end

    def diff(resource)
      return nil if !resource.respond_to?(:diff) || resource.sensitive

      text = resource.diff.to_s
      # Chef writes a diff as one line with \n spelled out.
      text.empty? ? nil : text.split(/\\n|\n/).first(LONGEST)
    end

    # Chef's own words, with the place in the user's cookbooks where Ruby says it was.
    def describe(error)
      place = Array(error.backtrace).grep(%r{/cookbooks/}).first.to_s[%r{/cookbooks/([^:]+:\d+)}, 1]
      text = error.message.to_s.encode("UTF-8", invalid: :replace, undef: :replace).strip
      text = "#{error.class}: #{text}" unless text.include?(error.class.to_s)
      place && !text.include?(place) ? "#{text} (#{place})" : text
    end

    def replace(path, text)
      File.write("#{path}.new", text, perm: 0o600)
      File.rename("#{path}.new", path)
    end
  end
end
`;
