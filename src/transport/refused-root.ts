import { RemoteError } from "../errors/error.ts";

/** Groups that usually carry a sudo rule. */
const ADMIN_GROUPS = ["sudo", "wheel", "admin", "root"];

/** Tells from sudo's own words why the login user does not become root. */
export function refusedRoot(options: {
  readonly server: string;
  readonly user: string;
  /** What sudo wrote to standard error. */
  readonly words: string;
  readonly groups: readonly string[];
}): RemoteError {
  const { server, user, words } = options;
  const lines = words
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/unable to resolve host/i.test(line));
  const admin = options.groups.find((group) => ADMIN_GROUPS.includes(group));
  const because = (): string => {
    if (
      /sudo: not found|sudo: command not found|not found: sudo|sudo: inaccessible or not found/i.test(
        words,
      )
    ) {
      return "sudo is not installed there";
    }
    if (/must have a tty|no tty present|requiretty/i.test(words) && !/password/i.test(words)) {
      return "sudo wants a terminal (`requiretty` in its rules)";
    }
    if (/not in the sudoers|not allowed to (run|execute)|may not run sudo|I'm sorry/i.test(words)) {
      return "no rule of sudo lets it run everything";
    }
    if (
      /password is required|authentication (is )?required|interactive authentication/i.test(words)
    ) {
      return admin === undefined
        ? "sudo asks for a password, and the user is in no admin group: there is probably no rule for it"
        : `sudo asks for a password (the user is in group ${admin}, so there is a rule without NOPASSWD)`;
    }
    if (/parse error|syntax error|no valid sudoers|owned by uid|world writable/i.test(words)) {
      return "sudo's own rules are broken";
    }
    return lines.length === 0 ? "sudo gave no reason" : `sudo says: ${lines.at(-1)}`;
  };
  return new RemoteError("NOT_ROOT", `${user} on ${server} cannot become root: ${because()}.`, {
    server,
    output: lines.slice(-5),
  });
}
