import type { CompileContext, CompiledResource } from "./compile-context.ts";
import type { SimpleResource } from "./expand-resources.ts";
import { compileGroup, compileUser } from "./resources/accounts.ts";
import { compileAuthorizedKeys } from "./resources/authorized-keys.ts";
import { compileBlock, compileHostsEntries } from "./resources/block.ts";
import { compileCommand } from "./resources/command.ts";
import { compileDirectory, compileFile, compileSymlink } from "./resources/files.ts";
import { compilePackage, compileUpgrade } from "./resources/packages.ts";
import { compileService } from "./resources/service.ts";
import { compileSetting } from "./resources/settings.ts";
import { compileSudoRule } from "./resources/sudo-rule.ts";
import { compileSysctl } from "./resources/sysctl.ts";

/** @throws ImpossibleOperation */
export function compileResource(
  resource: SimpleResource,
  context: CompileContext,
): CompiledResource {
  switch (resource.type) {
    case "package":
      return compilePackage(resource, context);
    case "upgrade":
      return compileUpgrade(resource, context);
    case "file":
      return compileFile(resource, context);
    case "block":
      return compileBlock(resource, context);
    case "directory":
      return compileDirectory(resource, context);
    case "symlink":
      return compileSymlink(resource);
    case "group":
      return compileGroup(resource, context);
    case "user":
      return compileUser(resource, context);
    case "authorized-keys":
      return compileAuthorizedKeys(resource, context);
    case "sudo-rule":
      return compileSudoRule(resource, context);
    case "service":
      return compileService(resource, context);
    case "sysctl":
      return compileSysctl(resource, context);
    case "hostname":
      return compileSetting(resource.hostname, "hostnameIs", "hostnameSet", context);
    case "hosts-entries":
      return compileHostsEntries(resource, context);
    case "locale":
      return compileSetting(resource.locale, "localeIs", "localeSet", context);
    case "timezone":
      return compileSetting(resource.timezone, "timezoneIs", "timezoneSet", context);
    case "command":
      return compileCommand(resource, context);
  }
}
