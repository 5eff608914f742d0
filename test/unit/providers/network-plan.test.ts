import fc from "fast-check";
import { expect, test } from "vitest";

import {
  allocateAddress,
  chooseNetwork,
  formatIpv4,
  gatewayOf,
  ipv6For,
  NETWORK_CANDIDATES,
  overlaps,
  parseIpv4,
  parseNetwork,
} from "../../../src/providers/local/network-plan.ts";

const address = fc.integer({ min: 0, max: 2 ** 32 - 1 });

test("addresses survive being written and read", () => {
  fc.assert(fc.property(address, (value) => parseIpv4(formatIpv4(value)) === value));
});

test("overlap is what the ranges say, both ways", () => {
  const network = fc
    .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 8, max: 32 }))
    .map(([low, length]) => parseNetwork(`10.0.${low}.${255 - low}/${length}`));
  fc.assert(
    fc.property(network, network, (one, other) => {
      const end = (range: typeof one): number => range.base + 2 ** (32 - range.prefixLength);
      const expected = one.base < end(other) && other.base < end(one);
      return overlaps(one, other) === expected && overlaps(other, one) === expected;
    }),
  );
});

test("the allocator gives each address once, inside the network, until none is left", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 24, max: 29 }),
      fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 40 }),
      (length, released) => {
        const network = `10.9.8.0/${length}`;
        const room = 2 ** (32 - length) - 3;
        const used = new Set<string>();
        for (let count = 0; count < room; count += 1) {
          const next = allocateAddress(network, used);
          expect(next).toBeDefined();
          expect(used.has(next ?? "")).toBe(false);
          expect(next).not.toBe(gatewayOf(network));
          expect(overlaps(parseNetwork(network), parseNetwork(next ?? "1.1.1.1"))).toBe(true);
          used.add(next ?? "");
        }
        expect(allocateAddress(network, used)).toBeUndefined();
        for (const low of released) {
          const back = `10.9.8.${low}`;
          if (!used.delete(back)) continue;
          expect(allocateAddress(network, used)).toBe(back);
          used.add(back);
        }
      },
    ),
    { numRuns: 30 },
  );
});

test("a network that is routed elsewhere is not chosen", () => {
  expect(chooseNetwork([])).toBe(NETWORK_CANDIDATES[0]);
  expect(chooseNetwork(["10.0.0.0/8"])).toBe("172.29.212.0/22");
  expect(chooseNetwork(["10.213.2.7", "10.197.64.0/24"])).toBe("172.29.212.0/22");
  expect(chooseNetwork(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"])).toBeUndefined();
  expect(chooseNetwork(["10.88.1.0/24"], ["10.88.0.0/22"])).toBeUndefined();
});

test("the IPv6 address has the same place as the IPv4 one", () => {
  expect(ipv6For("fd12:3456:789a:0", "10.213.0.0/22", "10.213.1.2")).toBe("fd12:3456:789a:0::102");
  expect(gatewayOf("10.213.0.0/22")).toBe("10.213.0.1");
});
