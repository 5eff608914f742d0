import { ProviderError } from "../errors/error.ts";

/** A quota that refuses the create of a server: only here is it sure that nothing of the server is there. */
export async function sayingNothingWasMade<T>(create: Promise<T>): Promise<T> {
  try {
    return await create;
  } catch (thrown) {
    if (!(thrown instanceof ProviderError) || thrown.code !== "PROVIDER_QUOTA") throw thrown;
    throw new ProviderError(thrown.code, thrown.message, {
      cause: thrown,
      hint: `${thrown.hint ?? ""} Nothing of this server was made.`.trim(),
    });
  }
}
