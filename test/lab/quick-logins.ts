import { resolve } from "node:path";

/** For `ssh.configFile`: half of the processor time a login. It says itself why. */
export const QUICK_LOGINS: string = resolve(import.meta.dirname, "ssh_config");
