data = node['bootmachine']

data['absent_files'].each do |path|
  file path do
    action :delete
  end
end

data['directories'].each do |wanted|
  directory wanted['path'] do
    owner wanted['owner']
    group wanted['group']
    mode wanted['mode']
  end
end

data['files'].each do |wanted|
  path = wanted['path']

  # What takes up a change of this file, once, at the end of the run.
  commands = wanted['commands'].each_with_index.map do |text, index|
    execute "after #{path} (#{index + 1})" do
      command text
      action :nothing
    end
  end

  # Where content is named Chef writes its candidate beside the file, whether they differ or not, and so changes the
  # time of the folder, by which one sees whether sshd has read all of it. So it is named only where it differs.
  is_as_wanted = File.file?(path) && File.binread(path) == wanted['content'].b

  file path do
    content wanted['content'] unless is_as_wanted
    owner wanted['owner']
    group wanted['group']
    mode wanted['mode']
    # The check gets the candidate's path as $1.
    verify { |candidate| system('sh', '-c', wanted['validate'], 'sh', candidate) } if wanted['validate']
    wanted['reload'].each { |name| notifies :reload, "service[#{name}]" }
    wanted['restart'].each { |name| notifies :restart, "service[#{name}]" }
    commands.each { |command| notifies :run, command }
  end
end
