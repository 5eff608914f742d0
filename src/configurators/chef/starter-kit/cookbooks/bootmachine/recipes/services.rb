data = node['bootmachine']

wanted = data['services'].to_h { |service| [service['name'], service] }

# Services that are only reloaded or restarted after a change of a file have to be known as well.
named = data['files'].flat_map { |file| file['reload'].to_a + file['restart'].to_a }

(wanted.keys | named).each do |name|
  state = wanted[name] || {}

  actions = []
  actions << (state['enabled'] ? :enable : :disable) unless state['enabled'].nil?
  actions << (state['running'] ? :start : :stop) unless state['running'].nil?

  service name do
    action(actions.empty? ? :nothing : actions)
  end
end
