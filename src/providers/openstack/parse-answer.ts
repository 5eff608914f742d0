import type { z } from "zod";

import { InternalError } from "../../errors/error.ts";
import type { HttpResponse } from "./http.ts";

/** What an answer says, as far as the schema asks. @throws InternalError where it is not understood */
export function parseAnswer<S extends z.ZodType>(
  schema: S,
  response: HttpResponse,
  what: string,
): z.output<S> {
  let body: unknown;
  try {
    body = JSON.parse(response.text);
  } catch {
    body = undefined;
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const paths = parsed.error.issues.map((issue) => issue.path.join(".")).join(", ");
  throw new InternalError(
    `OpenStack's answer to "${what}" is not understood (${paths || "no JSON"}).`,
  );
}
