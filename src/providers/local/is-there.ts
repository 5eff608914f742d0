import { access, constants } from "node:fs/promises";

/** Whether the path can be reached, and with `mode` whether we may use it so. Any error counts as no. */
export async function isThere(path: string, mode: number = constants.F_OK): Promise<boolean> {
  return await access(path, mode).then(
    () => true,
    () => false,
  );
}
