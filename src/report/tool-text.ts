import type { ServerView } from "./run-view.ts";

/** What the configuration-management tool said of one server in one run. */
export interface ToolView {
  /** The configurator's name: "salt". */
  readonly name: string;
  readonly ok: number;
  readonly changed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** "41 ok, 3 changed, 1 failed"; what there is none of is left out. */
export function renderToolCounts(tool: ToolView): string {
  const parts = [
    ...(tool.ok === 0 ? [] : [`${tool.ok} ok`]),
    ...(tool.changed === 0 ? [] : [`${tool.changed} changed`]),
    ...(tool.failed === 0 ? [] : [`${tool.failed} failed`]),
    ...(tool.skipped === 0 ? [] : [`${tool.skipped} skipped`]),
  ];
  return parts.length === 0 ? "nothing to do" : parts.join(", ");
}

/** "salt: 41 ok, 3 changed"; undefined where the tool has not spoken of the server. */
export function renderTool(server: Pick<ServerView, "tool"> | undefined): string | undefined {
  return server?.tool === undefined
    ? undefined
    : `${server.tool.name}: ${renderToolCounts(server.tool)}`;
}

/** The name of the tool that ran; undefined where none did. */
export function toolOf(servers: readonly Pick<ServerView, "tool">[]): string | undefined {
  return servers.find(({ tool }) => tool !== undefined)?.tool?.name;
}
