# What is neither file nor service, such as live firewall rules: a check, and what makes it hold.

node['bootmachine']['commands'].each do |wanted|
  execute wanted['name'] do
    command "( #{wanted['run']}\n) || exit 1\n( #{wanted['check']}\n)"
    timeout wanted['timeout_seconds']
    not_if "( #{wanted['check']}\n) >/dev/null 2>&1"
  end
end
