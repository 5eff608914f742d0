import { expect, test } from "vitest";

import { LiveArea } from "../../../src/report/live-area.ts";
import { LiveReporter } from "../../../src/report/live-reporter.ts";
import { plainStyle } from "../../../src/report/style.ts";
import { START, threeServersToTheEnd } from "../../golden/report/recorded-run.ts";
import { Screen } from "./screen.ts";

test("a frame replaces the one before it", () => {
  const screen = new Screen(40, 10);
  const area = new LiveArea(screen);
  area.draw(["one", "two", "three"]);
  area.draw(["four"]);
  expect(screen.text()).toBe("four");
  area.draw(["five", "six"]);
  expect(screen.text()).toBe("five\nsix");
});

test("permanent lines stay above the frame, in order", () => {
  const screen = new Screen(40, 10);
  const area = new LiveArea(screen);
  area.draw(["frame 1"]);
  area.print(["kept 1"]);
  area.draw(["frame 2", "more"]);
  area.print(["kept 2", "kept 3"]);
  expect(screen.text()).toBe("kept 1\nkept 2\nkept 3\nframe 2\nmore");
});

test("closing leaves the permanent lines and shows the cursor", () => {
  const screen = new Screen(40, 10);
  const area = new LiveArea(screen);
  area.draw(["frame"]);
  expect(screen.isCursorVisible).toBe(false);
  area.print(["kept"]);
  area.close();
  expect(screen.text()).toBe("kept");
  expect(screen.isCursorVisible).toBe(true);
});

test.each([10, 7, 4, 30, 100])(
  "after a resize to %i columns nothing of the old frame is left",
  (columns) => {
    const screen = new Screen(20, 50);
    const area = new LiveArea(screen);
    area.print(["kept"]);
    area.draw(["a".repeat(20), "b".repeat(13), "c"]);
    screen.resize(columns);
    area.invalidate();
    area.draw(["new"]);
    expect(screen.text().replaceAll("\n", "")).toBe("keptnew");
  },
);

test("the live view of a whole run leaves failures and warnings, and nothing else", () => {
  const screen = new Screen(80, 24);
  let now = START;
  const reporter = new LiveReporter(screen, { style: plainStyle, clock: () => now });
  for (const event of threeServersToTheEnd()) {
    now = Date.parse(event.at);
    reporter.onEvent(event);
  }
  expect(screen.text()).toContain("bootmachine up  shop  3 servers");
  reporter.onCancelling();
  expect(screen.text()).toContain("Ctrl-C again");
  reporter.close();
  reporter.close();
  const text = screen.text();
  expect(text).toMatch(/^FAILED application in prepare: RESOURCE_FAILED/);
  expect(text).toContain("package nftables, exit status 100");
  expect(text).toContain("No space left on device");
  expect(text).toMatch(/warning database: The package lists are older than a day\.$/);
  expect(text).not.toContain("bootmachine up  shop");
  expect(screen.isCursorVisible).toBe(true);
});
