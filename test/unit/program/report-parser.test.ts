import fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { ProgramReport, ReportMessage } from "../../../src/program/report.ts";
import { ReportParser } from "../../../src/program/report-parser.ts";
import { LineCutter } from "../../../src/transport/output-reader.ts";

function parse(lines: readonly string[]): {
  readonly messages: readonly ReportMessage[];
  readonly report: ProgramReport | undefined;
} {
  const parser = new ReportParser();
  const messages = lines.flatMap((line) => parser.push(line) ?? []);
  return { messages, report: parser.report() };
}

function one(...lines: readonly string[]): ProgramReport["resources"][number] | undefined {
  return parse(["bm1 begin 1 resources", "bm1 start x", ...lines, "bm1 end 0 1 ms"]).report
    ?.resources[0];
}

const REPORT = [
  "Welcome to web1",
  "bm1 output not yet begun",
  "bm1 begin 4 resources",
  "bm1 start file /etc/motd",
  "bm1 diff --- /etc/motd",
  "bm1 diff +héllo \u{1F600}",
  "bm1 done differs 20 ms",
  "bm1 start cmd",
  "bm1 output bm1 done ok 0 ms",
  "bm1 detail why",
  "foreign line",
  "bm1 done failed exit 7 30 ms",
  "bm1 start z",
  "bm1 reason after a failure",
  "bm1 done skipped 0 ms",
  "bm1 start trigger: reload ssh",
  "bm1 output reloading",
  "bm1 trigger ok reload ssh",
  "bm1 end 1 120 ms",
  "bm1 start after the end",
];

describe("a report", () => {
  test("is read into messages and a whole", () => {
    const { messages, report } = parse(REPORT);
    expect(report).toEqual({
      resources: [
        {
          id: "file /etc/motd",
          status: "differs",
          ms: 20,
          diff: ["--- /etc/motd", "+héllo \u{1F600}"],
        },
        { id: "cmd", status: "failed", ms: 30, exitStatus: 7, output: ["why", "bm1 done ok 0 ms"] },
        { id: "z", status: "skipped", ms: 0, reason: "after a failure" },
      ],
      status: 1,
      triggered: ["reload ssh"],
      ms: 120,
    });
    expect(messages.map(({ kind }) => kind)).toEqual([
      "begin",
      "resource-started",
      "resource",
      "resource-started",
      "output",
      "resource",
      "resource-started",
      "resource",
      "resource-started",
      "output",
      "trigger",
      "end",
    ]);
  });

  test("does not exist before its last line", () => {
    expect(parse(REPORT.slice(0, -2)).report).toBeUndefined();
  });

  test("keeps the last 50 lines of output of a failure, and none of a success", () => {
    const output = Array.from({ length: 80 }, (_, n) => `bm1 output ${n}`);
    expect(one(...output, "bm1 done failed exit 1 1 ms")?.output).toEqual(
      Array.from({ length: 50 }, (_, n) => String(n + 30)),
    );
    expect(one(...output, "bm1 done changed 1 ms")?.output).toBeUndefined();
  });

  test("cuts a long diff, and says by how much", () => {
    const diff = Array.from({ length: 500 }, (_, n) => `bm1 diff +${n}`);
    const lines = one(...diff, "bm1 done differs 1 ms")?.diff;
    expect(lines).toHaveLength(401);
    expect(lines?.at(-1)).toBe("(100 more lines of difference)");
  });

  test.each([
    ["a progress bar", "Reading 5%\rReading 50%\rdone", "done"],
    ["a line of DOS", "text\r", "text"],
    ["colour", "\u001B[1;31mred\u001B[0m", "red"],
    ["a window title", "\u001B]0;title\u0007text", "text"],
    ["bells and other control characters", "a\u0007b\u0000c\u009Fd", "abcd"],
    ["a tab", "a\tb", "a\tb"],
    ["nothing", "", ""],
  ])("shows %s as a terminal would leave it", (_, raw, shown) => {
    expect(one(`bm1 output ${raw}`, "bm1 done failed exit 1 1 ms")?.output).toEqual([shown]);
  });

  test("cuts an endless line", () => {
    const output = one(`bm1 output ${"x".repeat(100_000)}`, "bm1 done failed exit 1 1 ms")?.output;
    expect(output?.[0]).toHaveLength(2000);
  });

  test.each([
    "bm1 done ok 1",
    "bm1 done ok 12 m",
    "bm1 done fine 1 ms",
    "bm1 done failed exit 12 1",
    "bm2 done ok 1 ms",
    " bm1 done ok 1 ms",
    "bm1",
    "bm1 ",
    "bm1 unknown x",
  ])("passes over %j", (line) => {
    expect(one(line)).toBeUndefined();
  });

  test("of a host whose clock was set back has no negative times", () => {
    expect(one("bm1 done ok -3600000 ms")?.ms).toBe(0);
  });
});

describe("properties", () => {
  const whole = parse(REPORT);
  const bytes = Buffer.from(`${REPORT.join("\n")}\n`);

  test("cut anywhere and taken up again at that byte, it is the same", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 6 }), (cuts) => {
        const parser = new ReportParser();
        const messages: ReportMessage[] = [];
        const cutter = new LineCutter((line) => {
          const message = parser.push(line.toString("utf8").replace(/\n$/, ""));
          if (message !== undefined) messages.push(message);
        });
        let from = 0;
        for (const to of [...cuts, bytes.length].sort((a, b) => a - b)) {
          cutter.push(bytes.subarray(from, to));
          from = to;
        }
        expect(messages).toEqual(whole.messages);
        expect(parser.report()).toEqual(whole.report);
      }),
    );
  });

  test("a last line that was cut is never taken for another one", () => {
    for (let length = 0; length < bytes.length; length += 1) {
      const lines = bytes.subarray(0, length).toString("utf8").split("\n");
      const { messages } = parse(lines);
      // A text may be shorter; a status, a number or the end may not be another.
      for (const message of messages) {
        if (message.kind === "resource" || message.kind === "end" || message.kind === "begin") {
          expect(whole.messages).toContainEqual(message);
        }
      }
    }
  });

  test("nothing that a host prints makes it throw, and output never passes for protocol", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" })), (texts) => {
        const { report } = parse([
          ...texts,
          "bm1 begin 1 resources",
          ...texts.filter((text) => !text.startsWith("bm1 ")),
          "bm1 start x",
          ...texts.map((text) => `bm1 output ${text}`),
          "bm1 done ok 1 ms",
          "bm1 end 0 2 ms",
        ]);
        expect(report).toEqual({
          resources: [{ id: "x", status: "ok", ms: 1 }],
          status: 0,
          triggered: [],
          ms: 2,
        });
      }),
    );
  });
});
