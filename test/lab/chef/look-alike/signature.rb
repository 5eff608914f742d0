require "base64"
require "digest"
require "openssl"
require "time"

module LookAlike
  # Chef's signed requests, protocol 1.3: every request says who asks, when and what, and is signed with the asker's key.
  module Signature
    SIGN = "algorithm=sha256;version=1.3;".freeze
    API = "1".freeze
    # How far the clocks may differ.
    LATEST_SECONDS = 900

    module_function

    def headers(method, path, body, user, key)
      timestamp = Time.now.utc.iso8601
      hash = Base64.strict_encode64(Digest::SHA256.digest(body))
      text = canonical(method, path, hash, timestamp, user)
      lines = Base64.strict_encode64(key.sign("SHA256", text)).scan(/.{1,60}/)
      {
        "X-Ops-Sign" => SIGN, "X-Ops-Userid" => user, "X-Ops-Timestamp" => timestamp, "X-Ops-Content-Hash" => hash,
        "X-Ops-Server-API-Version" => API
      }.merge(lines.each_with_index.to_h { |line, index| ["X-Ops-Authorization-#{index + 1}", line] })
    end

    # Why a request is refused; nil where it is good. `headers` have names in lower case.
    def fault(method, path, body, headers, public_key)
      return "X-Ops-Sign must be #{SIGN}" unless headers["x-ops-sign"] == SIGN
      return "X-Ops-Server-API-Version must be #{API}" unless headers["x-ops-server-api-version"] == API

      timestamp = headers["x-ops-timestamp"].to_s
      return "clocks differ" unless (Time.now - Time.iso8601(timestamp)).abs < LATEST_SECONDS

      hash = headers["x-ops-content-hash"].to_s
      return "the body is another one" unless hash == Base64.strict_encode64(Digest::SHA256.digest(body))

      signature = (1..20).filter_map { |index| headers["x-ops-authorization-#{index}"] }.join
      text = canonical(method, path, hash, timestamp, headers["x-ops-userid"])
      public_key.verify("SHA256", Base64.strict_decode64(signature), text) ? nil : "the signature does not fit the key"
    rescue ArgumentError, OpenSSL::PKey::PKeyError => e
      e.message
    end

    def canonical(method, path, hash, timestamp, user)
      [
        "Method:#{method}", "Path:#{path}", "X-Ops-Content-Hash:#{hash}", "X-Ops-Sign:version=1.3",
        "X-Ops-Timestamp:#{timestamp}", "X-Ops-UserId:#{user}", "X-Ops-Server-API-Version:#{API}"
      ].join("\n")
    end
  end

  # A signed request over TLS; only certificates of the folder are believed.
  class Connection
    class Refused < StandardError; end
    class NotFound < StandardError; end

    def initialize(url:, user:, key_file:, certificates:)
      @base = URI(url)
      @user = user
      @key = OpenSSL::PKey::RSA.new(File.read(key_file))
      @store = OpenSSL::X509::Store.new
      Dir["#{certificates}/*.{crt,pem}"].each { |file| @store.add_file(file) }
    end

    def call(method, path, value = nil)
      full = "#{@base.path}#{path}"
      body = value.nil? ? "" : JSON.generate(value)
      http = Net::HTTP.new(@base.host, @base.port)
      http.use_ssl = true
      http.cert_store = @store
      http.verify_mode = OpenSSL::SSL::VERIFY_PEER
      http.open_timeout = 10
      request = Net::HTTP.const_get(method.capitalize).new(full, Signature.headers(method, full, body, @user, @key))
      request.body = body unless body.empty?
      answer(http.request(request), method, full)
    end

    private

    def answer(response, method, path)
      case response.code
      when /\A2/ then response.body.to_s.empty? ? nil : JSON.parse(response.body)
      when "404" then raise NotFound, "404 \"Not Found\": #{method} #{path}"
      else raise Refused, "#{response.code} \"#{response.message}\": #{method} #{path}: #{response.body}"
      end
    end
  end
end
