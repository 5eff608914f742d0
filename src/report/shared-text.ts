import type { SharedEvent } from "../fleet/events.ts";
import { sanitize } from "./display-width.ts";

/** What was done to things that the stack's servers share at the provider: "ec2: opened tcp 2849 from anywhere". */
export function renderShared(event: Omit<SharedEvent, "at" | "type">): string {
  const { provider, isPlanned, made, opened, closed } = event;
  const later = isPlanned ? " once every server is on its declared way" : "";
  const parts = [
    ...part(isPlanned ? "would make" : "made", made),
    ...part(isPlanned ? "would open" : "opened", opened),
    ...part(isPlanned ? "would close" : "closed", closed, later),
  ];
  return `${provider}: ${parts.join("; ")}`;
}

function part(verb: string, what: readonly string[], end = ""): readonly string[] {
  return what.length === 0 ? [] : [`${verb} ${what.map(sanitize).join(", ")}${end}`];
}
