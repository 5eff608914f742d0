import { type Draft, presentItems } from "../draft.ts";
import { checkJumpHost } from "../host-name.ts";
import type { ConfigPath, ReportProblem } from "../problem.ts";
import type { ServerSshInput, StackInput } from "../stack-input.ts";
import { nearestWord } from "../suggest.ts";

/** Names that may become commands. */
export const RESERVED_NAMES: readonly string[] = ["trust", "prepare", "install", "enroll"];

/** Commands of ours, and what may become one: a task by such a name would be mistaken for it. */
export const COMMAND_NAMES: ReadonlySet<string> = new Set([
  ...(
    "init up plan boot bootstrap secure configure verify status inventory log console images sizes " +
    "ssh exec put run configurator reboot destroy explain completion help"
  ).split(" "),
  ...RESERVED_NAMES,
]);

function checkSsh(
  ssh: Draft<ServerSshInput> | undefined,
  isPort22Allowed: boolean,
  path: ConfigPath,
  report: ReportProblem,
): void {
  if (ssh?.port === 22 && !isPort22Allowed) {
    report({
      path: [...path, "port"],
      message: "is 22, where every scanner knocks",
      hint: "Choose another port, or say `allowPort22: true` beside it if you mean it.",
    });
  }
  if (ssh?.jumpHost !== undefined) {
    const wrong = checkJumpHost(ssh.jumpHost);
    if (wrong !== undefined) {
      report({
        path: [...path, "jumpHost"],
        message: wrong,
        hint: "As ssh -J takes it: user@host:port, several with commas.",
      });
    }
  }
}

/** What is wrong with a time zone; undefined: nothing. */
export function checkTimezone(timezone: string): { message: string; hint?: string } | undefined {
  if (timezone === "Etc/UTC" || timezone === "UTC") return undefined;
  if (/^Etc\/(GMT([+-](\d|1[0-4]))?|UCT|Universal|Zulu|Greenwich)$/.test(timezone))
    return undefined;
  const known = Intl.supportedValuesOf("timeZone");
  if (known.includes(timezone)) return undefined;
  const sameLetters = known.find((name) => name.toLowerCase() === timezone.toLowerCase());
  // Old names ("US/Pacific") are links on every host, and Intl knows them though it does not list them.
  if (sameLetters === undefined && /^[A-Z][A-Za-z_]+\/[A-Z]/.test(timezone)) {
    try {
      Intl.DateTimeFormat("en", { timeZone: timezone });
      return undefined;
    } catch {
      // Not known: told below.
    }
  }
  const nearest = sameLetters ?? nearestWord(timezone, known);
  return {
    message: `"${timezone}" is no time zone`,
    hint:
      nearest === undefined
        ? 'Such as "Etc/UTC" or "Europe/Berlin".'
        : `Did you mean "${nearest}"?`,
  };
}

/** What is wrong with a locale that has the right form; undefined: nothing. */
export function checkLocale(locale: string): { message: string; hint: string } | undefined {
  const match = /^([A-Za-z_]+)(?:\.([A-Za-z0-9-]+))?(@[a-z]+)?$/.exec(locale);
  const [, language, charset] = match ?? [];
  if (language === "C" || language === "POSIX") {
    return charset === undefined || charset === "UTF-8"
      ? undefined
      : { message: `"${locale}" is no locale`, hint: 'Did you mean "C.UTF-8"?' };
  }
  if (charset === undefined) {
    return {
      message: `"${locale}" names no character set, which means an old 8-bit one`,
      hint: `Did you mean "${language}.UTF-8${match?.[3] ?? ""}"?`,
    };
  }
  if (/^utf-?8$/i.test(charset) && charset !== "UTF-8") {
    return {
      message: `"${locale}": the character set is written UTF-8`,
      hint: `Write "${language}.UTF-8".`,
    };
  }
  return undefined;
}

/** ssh settings, locale, time zone and tasks: what the schema alone cannot tell. */
export function checkSettings(draft: Draft<StackInput>, report: ReportProblem): void {
  const isPort22Allowed = draft.ssh?.allowPort22 === true;
  checkSsh(draft.ssh, isPort22Allowed, ["ssh"], report);
  const places: (readonly [
    ConfigPath,
    { locale?: string | undefined; timezone?: string | undefined },
  ])[] = [[[], draft]];
  for (const [index, server] of presentItems(draft.servers)) {
    const isAllowedHere = server.ssh?.allowPort22 ?? isPort22Allowed;
    checkSsh(server.ssh, isAllowedHere, ["servers", index, "ssh"], report);
    places.push([["servers", index], server]);
  }
  for (const [path, place] of places) {
    const locale = place.locale === undefined ? undefined : checkLocale(place.locale);
    if (locale !== undefined) report({ path: [...path, "locale"], ...locale });
    const timezone = place.timezone === undefined ? undefined : checkTimezone(place.timezone);
    if (timezone !== undefined) report({ path: [...path, "timezone"], ...timezone });
  }
  checkTasks(draft, report);
}

function checkTasks(draft: Draft<StackInput>, report: ReportProblem): void {
  for (const [name, task] of Object.entries(draft.tasks ?? {})) {
    const path = ["tasks", name];
    if (!/^[a-z][a-z0-9-]*$/.test(name)) {
      report({
        path,
        message:
          "a task's name must begin with a lower-case letter and hold only lower-case letters, digits and hyphens",
        isAboutKey: true,
      });
    } else if (COMMAND_NAMES.has(name)) {
      report({
        path,
        message: `"${name}" is a command of bootmachine`,
        hint: "Choose another name, so that nobody takes the one for the other.",
        isAboutKey: true,
      });
    }
    if (typeof task === "function" || task === undefined) continue;
    const { description, run, ...rest } = task as Record<string, unknown>;
    if (typeof run !== "function") {
      report({
        path: [...path, "run"],
        message: "must be a function: async ({ hosts }) => { ... }",
      });
    }
    if (typeof description !== "string") {
      report({
        path: [...path, "description"],
        message: "must be a text that says what the task does",
      });
    }
    for (const key of Object.keys(rest)) {
      report({
        path: [...path, key],
        message: "is not an option",
        hint: "A task has `description` and `run`.",
        isAboutKey: true,
      });
    }
  }
}
