# Runs the recipe of each of this server's roles, where there is one: recipes/web.rb for the role "web".

recipes = run_context.cookbook_collection['site'].recipe_filenames_by_name

node['bootmachine']['roles'].each do |role|
  include_recipe "site::#{role}" if recipes.key?(role)
end
