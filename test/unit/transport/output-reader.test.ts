import { array, assert, integer, property, uint8Array } from "fast-check";
import { expect, test } from "vitest";

import { BoundedText, LineCutter, visibleLine } from "../../../src/transport/output-reader.ts";

test("lines are the same however the stream is cut", () => {
  assert(
    property(uint8Array({ maxLength: 200 }), array(integer({ min: 1, max: 20 })), (bytes, cuts) => {
      const whole = Buffer.from(bytes.map((byte) => (byte % 5 === 0 ? 10 : byte)));
      const lines: Buffer[] = [];
      const cutter = new LineCutter((line) => lines.push(Buffer.from(line)));
      let at = 0;
      for (const cut of [...cuts, whole.length]) {
        cutter.push(whole.subarray(at, at + cut));
        at += cut;
      }
      cutter.push(whole.subarray(at));
      cutter.end();
      expect(Buffer.concat(lines)).toEqual(whole);
      for (const line of lines.slice(0, -1)) expect(line.indexOf(10)).toBe(line.length - 1);
    }),
  );
});

test("an overlong line comes in pieces, and its end is held back for a marker", () => {
  const lines: string[] = [];
  const cutter = new LineCutter((line) => lines.push(line.toString()));
  cutter.push(Buffer.alloc(1024 * 1024, "x"));
  cutter.push(Buffer.from("y MARK"));
  cutter.push(Buffer.from("ER\n"));
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatch(/^x+y MARKER\n$/);
  expect(lines.join("")).toHaveLength(1024 * 1024 + 9);
});

test.each([
  ["plain", "plain"],
  ["dos\r", "dos"],
  ["10%\r50%\r100%\r", "100%"],
  ["gr\u00FC\u00DFe", "gr\u00FC\u00DFe"],
])("the visible part of %j is %j", (line, visible) => {
  expect(visibleLine(Buffer.from(line))).toBe(visible);
});

test("bytes that are not UTF-8 become a replacement character", () => {
  expect(visibleLine(Buffer.from([0x61, 0xff, 0x62]))).toBe("a\uFFFDb");
});

test("text within the limit is kept whole", () => {
  const text = new BoundedText(100, 10);
  text.push(Buffer.from("a".repeat(60)));
  text.push(Buffer.from("b".repeat(40)));
  expect(text.text()).toBe("a".repeat(60) + "b".repeat(40));
});

test("of a longer text the beginning and the end are kept, with a note in between", () => {
  const text = new BoundedText(100, 10);
  for (let i = 0; i < 1000; i++) text.push(Buffer.from(`${i % 10}`));
  expect(text.text()).toBe(
    `${"0123456789".repeat(10)}\n[bootmachine: 890 bytes of output left out here]\n0123456789`,
  );
});
