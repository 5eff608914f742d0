import { z } from "zod";

/**
 * A web address that goes to hosts as it is: into the arguments of programs, lists of packages and messages, so it must hold no
 * password.
 */
export const webAddress = addressWithoutPassword("let the place be open to your servers");

/** The same of what apt alone fetches: it has a place of its own for passwords. */
export const aptAddress = addressWithoutPassword(
  "let the place be open to your servers, or put them into a file of /etc/apt/auth.conf.d there",
);

function addressWithoutPassword(instead: string) {
  return z.url({ protocol: /^https?$/ }).refine(holdsNoPassword, {
    message: `an address with a user or a password in it would be seen in lists of processes, settings and messages: leave them out, and ${instead}`,
  });
}

/** What is no address at all is told of by its own rule. */
function holdsNoPassword(address: string): boolean {
  if (!URL.canParse(address)) return true;
  const { username, password } = new URL(address);
  return username === "" && password === "";
}
