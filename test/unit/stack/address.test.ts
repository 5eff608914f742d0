import { isIP } from "node:net";

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { formatBlock, parseAddress, parseAddressBlock } from "../../../src/stack/address.ts";

const reasonOf = (text: string): string => {
  const parsed = parseAddressBlock(text);
  return parsed.ok ? "" : parsed.reason;
};

describe("addresses and blocks", () => {
  it.each([
    ["192.0.2.7", "192.0.2.7"],
    ["10.0.0.0/8", "10.0.0.0/8"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["::", "::"],
    ["::/0", "::/0"],
    ["fe80::/10", "fe80::/10"],
    ["::ffff:192.0.2.1", "::ffff:c000:201"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
  ])("takes %j", (text, canonical) => {
    const parsed = parseAddressBlock(text);
    expect(parsed.ok && formatBlock(parsed.block)).toBe(canonical);
  });

  it.each([
    "",
    "10.0.0",
    "10.0.0.256",
    "10.0.0.01",
    "10.0.0.0/33",
    "10.0.0.0/08",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "1:2:3",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7::8",
    "12345::",
    "fe80::1%eth0",
    "::1.2.3.4:5",
    "::/129",
    "host.example",
    " 10.0.0.1",
    "10.0.0.1 ",
  ])("refuses %j", (text) => {
    expect(reasonOf(text)).not.toBe("");
  });

  it("names the block that is meant where bits stand behind the prefix", () => {
    expect(reasonOf("10.1.2.3/8")).toContain("the block is 10.0.0.0/8");
    expect(reasonOf("2001:db8::1/32")).toContain("the block is 2001:db8::/32");
  });

  it("agrees with the runtime about every address", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.stringMatching(/^[0-9a-f:.]{0,40}$/)),
        (text) => {
          // A zone is an address to the runtime, and none to a firewall.
          fc.pre(!text.includes("%"));
          const parsed = parseAddress(text);
          expect(parsed.ok ? parsed.block.family : 0).toBe(isIP(text));
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it("formats what it parsed, and parses that to the same block", () => {
    const block = fc.tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(128));
    fc.assert(
      fc.property(block, ([address, prefix]) => {
        const parsed = parseAddress(address);
        expect(parsed.ok).toBe(true);
        if (!parsed.ok) return;
        const length = Math.min(prefix, parsed.block.prefix);
        const text = `${address}/${length}`;
        const first = parseAddressBlock(text);
        const named = first.ok ? formatBlock(first.block) : / is (\S+)$/.exec(first.reason)?.[1];
        const again = parseAddressBlock(named ?? "");
        expect(again.ok && formatBlock(again.block)).toBe(named);
        expect(again.ok && again.block.prefix).toBe(length);
      }),
    );
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        parseAddressBlock(text);
      }),
    );
  });
});
