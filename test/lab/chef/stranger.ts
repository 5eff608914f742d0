/**
 * Shell text by which somebody on a member asks the master's server for its cookbooks and for a client of his own, under a name of
 * his choice and with a key of his own, over the connection that the member believes. Exits 0 when the server refuses both by not
 * knowing him.
 */
export function knock(id: string, master: string): string {
  return `openssl genrsa -out /root/${id}.pem 2048 2>/dev/null && ruby -rnet/http -rjson -ruri -r/opt/cinc/look-alike/signature -e '
server = LookAlike::Connection.new(url: "https://${master}/organizations/main", user: "${id}", key_file: "/root/${id}.pem", certificates: "/etc/cinc/trusted_certs")
[["GET", "/tree"], ["POST", "/clients", { "name" => "${id}" }]].each do |request|
  server.call(*request)
  abort "the server has answered #{request}"
rescue LookAlike::Connection::Refused => e
  abort e.message unless e.message.start_with?("401 ")
end' 2>&1; status=$?; rm -f /root/${id}.pem; exit $status`;
}
