# What both sides of the measurement run: a little of everything, so that the tool's own time is a real one.
group 'bench' do
  system true
end

package 'tree'

directory '/etc/bench.d' do
  mode '0755'
end

(1..10).each do |number|
  file "/etc/bench.d/#{number}.conf" do
    content "number = #{number}\n"
    mode '0644'
  end
end

file '/etc/bench-note' do
  content "#{node['hostname']} with #{node['platform']}\n"
  mode '0644'
end
