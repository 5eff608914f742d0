require_relative "resource"
require_relative "file_resources"
require_relative "account_resources"
require_relative "system_resources"

module LookAlike
  # By the words of recipes.
  RESOURCES = {
    file: FileResource, template: TemplateResource, cookbook_file: CookbookFileResource, directory: DirectoryResource,
    link: LinkResource, package: PackageResource, group: GroupResource, user: UserResource, service: ServiceResource,
    execute: ExecuteResource, log: LogResource, ruby_block: RubyBlockResource, reboot: RebootResource
  }.freeze
end
