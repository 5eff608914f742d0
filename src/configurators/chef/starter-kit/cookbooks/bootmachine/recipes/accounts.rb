data = node['bootmachine']

data['groups'].each do |wanted|
  group wanted['name'] do
    gid wanted['gid'] if wanted['gid']
    system wanted['system']
    # Without it Chef takes everybody out of the group who is not named here.
    append true
  end
end

data['users'].each do |wanted|
  name = wanted['name']
  primary = wanted['primary_group'] || name

  if wanted['primary_group'].nil?
    group name do
      gid wanted['uid'] if wanted['uid']
      append true
      not_if "getent group #{name}"
    end
  end

  user name do
    comment wanted['full_name'] if wanted['full_name']
    uid wanted['uid'] if wanted['uid']
    gid primary
    shell wanted['shell'] if wanted['shell']
    home wanted['home']
    manage_home true
  end

  # Null: somebody else writes this file.
  next if wanted['keys'].nil?

  file "#{wanted['home']}/.ssh/authorized_keys" do
    action :delete
    only_if { wanted['keys'].empty? }
  end

  next if wanted['keys'].empty?

  directory "#{wanted['home']}/.ssh" do
    owner name
    group primary
    mode '0700'
  end

  file "#{wanted['home']}/.ssh/authorized_keys of #{name}" do
    path "#{wanted['home']}/.ssh/authorized_keys"
    content wanted['keys'].map { |line| "#{line.chomp}\n" }.join
    owner name
    group primary
    mode '0600'
  end
end

# Membership in groups beside the primary one; whoever else is in them stays.
members = Hash.new { |hash, name| hash[name] = [] }
data['users'].each { |wanted| wanted['groups'].each { |name| members[name] << wanted['name'] } }

members.each do |name, users|
  group "members of #{name}" do
    group_name name
    members users
    append true
    action :manage
  end
end
