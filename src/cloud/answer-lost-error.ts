import { ProviderError } from "../errors/error.ts";

/** The call was sent and its answer did not come: it may have been carried out. Look, and do not send it again. */
export class AnswerLostError extends ProviderError {
  constructor(what: string, why: string, cause?: unknown) {
    super("PROVIDER_UNAVAILABLE", `Whether "${what}" was carried out is not known: ${why}.`, {
      cause,
      hint: "Run the command again: it looks first, and makes nothing twice.",
    });
  }
}
