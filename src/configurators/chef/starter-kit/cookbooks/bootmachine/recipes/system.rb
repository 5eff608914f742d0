# Host name, time zone and locale.

require 'shellwords'

data = node['bootmachine']
name = data['hostname']
zone = data['timezone']
locale = data['locale'].shellescape

file '/etc/hostname' do
  content "#{name}\n"
end

execute 'host name of the running system' do
  command "hostname -- #{name.shellescape}"
  not_if "[ \"$(cat /proc/sys/kernel/hostname)\" = #{name.shellescape} ]"
end

link '/etc/localtime' do
  to "/usr/share/zoneinfo/#{zone}"
end

# Debian 12 and older keep the name in a second file, which packages read.
file '/etc/timezone' do
  content "#{zone}\n"
  only_if { File.exist?('/etc/timezone') }
end

# Debian 13 has a link to /etc/locale.conf: it is written through, not replaced.
execute 'locale' do
  command "touch /etc/default/locale && sed -i --follow-symlinks '/^LANG=/d' /etc/default/locale && echo LANG=#{locale} >>/etc/default/locale"
  not_if "LANG=; . /etc/default/locale && [ \"$LANG\" = #{locale} ]"
end
