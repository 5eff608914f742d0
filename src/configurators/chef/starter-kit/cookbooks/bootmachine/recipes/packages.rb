packages = node['bootmachine']['packages']

package 'base packages' do
  package_name packages
  action :install
  not_if { packages.empty? }
end
