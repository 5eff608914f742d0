import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { canonicalPrefix } from "../../../../src/cloud/canonical-prefix.ts";
import {
  ICMP_RULES,
  ruleKey,
  rulesOf,
  toPermission,
  toRules,
} from "../../../../src/providers/ec2/group-rules.ts";

const texts = (rules: ReturnType<typeof rulesOf>): readonly string[] => rules.map(ruleKey);

describe("the rules of the stack's security group", () => {
  test("anywhere is both worlds, the stack is the group itself, and the messages of the network come in", () => {
    expect(
      texts([
        ...ICMP_RULES,
        ...rulesOf(
          [
            { protocol: "tcp", fromPort: 22, toPort: 22, from: "anywhere" },
            { protocol: "udp", fromPort: 5000, toPort: 5010, from: "stack" },
            { protocol: "tcp", fromPort: 80, toPort: 80, from: ["203.0.113.9", "2001:DB8::/32"] },
          ],
          "sg-1",
        ),
      ]),
    ).toEqual([
      "icmp -1 -1 ipv4 0.0.0.0/0",
      "icmpv6 -1 -1 ipv6 ::/0",
      "tcp 22 22 ipv4 0.0.0.0/0",
      "tcp 22 22 ipv6 ::/0",
      "udp 5000 5010 group sg-1",
      "tcp 80 80 ipv4 203.0.113.9/32",
      "tcp 80 80 ipv6 2001:db8::/32",
    ]);
  });

  test("one that is asked for twice is one", () => {
    const ssh = { protocol: "tcp", fromPort: 22, toPort: 22, from: "anywhere" } as const;
    expect(rulesOf([ssh, ssh], "sg-1").length).toBe(2);
  });

  test("what EC2 heaps together is taken apart, and told as it was", () => {
    const rules = rulesOf(
      [
        { protocol: "tcp", fromPort: 22, toPort: 22, from: ["10.0.0.0/8", "192.0.2.0/24", "::1"] },
        { protocol: "tcp", fromPort: 22, toPort: 22, from: "stack" },
      ],
      "sg-1",
    );
    const heap = {
      IpProtocol: "tcp",
      FromPort: 22,
      ToPort: 22,
      IpRanges: [{ CidrIp: "10.0.0.0/8" }, { CidrIp: "192.0.2.0/24", Description: "x" }],
      Ipv6Ranges: [{ CidrIpv6: "::1/128" }],
      UserIdGroupPairs: [{ GroupId: "sg-1", UserId: "123456789012" }],
      PrefixListIds: [{ PrefixListId: "pl-1" }],
    };
    const told = texts(toRules([heap, { IpProtocol: "58", Ipv6Ranges: [{ CidrIpv6: "::/0" }] }]));
    expect(new Set(told)).toEqual(
      new Set([...texts(rules), "icmpv6 -1 -1 ipv6 ::/0", "tcp 22 22 list pl-1"]),
    );
    expect(texts(toRules(rules.map(toPermission)))).toEqual(texts(rules));
  });

  test("a group of another account keeps its account, without which EC2 does not know it", () => {
    const pair = { GroupId: "sg-2", UserId: "999999999999" };
    const told = { IpProtocol: "tcp", FromPort: 22, ToPort: 22, UserIdGroupPairs: [pair] };
    expect(toRules([told]).map(toPermission)).toEqual([told]);
  });
});

describe("a prefix as EC2 writes it", () => {
  test.each([
    ["203.0.113.9", "203.0.113.9/32"],
    ["10.1.2.3/8", "10.0.0.0/8"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1/128"],
    ["2001:db8:ffff::/20", "2001::/20"],
    ["::/0", "::/0"],
    ["::ffff:192.0.2.1", "::ffff:c000:201/128"],
  ])("%s is %s", (given, canonical) => {
    expect(canonicalPrefix(given)).toBe(canonical);
  });

  test("it stays as it is", () => {
    const prefix = fc.oneof(
      fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })),
      fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })),
    );
    fc.assert(
      fc.property(prefix, ([address, length]) => {
        const once = canonicalPrefix(`${address}/${length}`);
        expect(canonicalPrefix(once)).toBe(once);
      }),
    );
  });
});
