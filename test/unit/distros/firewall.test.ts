import { describe, expect, it } from "vitest";
import { firewalldZone, ufwRules } from "../../../src/distros/debian/managed-firewalls.ts";
import { nftRules } from "../../../src/distros/debian/nftables.ts";

describe("nftables rules", () => {
  it("keep the two address families apart", () => {
    const rules = nftRules([
      { port: 5432, protocol: "tcp", from: ["10.0.0.1", "fd00::1", "10.0.0.2", "10.0.0.1"] },
    ]);
    expect(rules).toContain("\t\tip saddr { 10.0.0.1, 10.0.0.2 } tcp dport 5432 accept\n");
    expect(rules).toContain("\t\tip6 saddr { fd00::1 } tcp dport 5432 accept\n");
  });
  it("never put a range into a set, where it could overlap with another", () => {
    const rules = nftRules([
      { port: 80, protocol: "tcp", from: ["10.0.0.1", "10.0.0.0/8", "10.0.0.0/16"] },
    ]);
    for (const set of ["10.0.0.1", "10.0.0.0/8", "10.0.0.0/16"]) {
      expect(rules).toContain(`\t\tip saddr { ${set} } tcp dport 80 accept\n`);
    }
  });
  it("open nothing for nobody", () => {
    expect(nftRules([{ port: 5432, protocol: "tcp", from: [] }])).toBe(nftRules([]));
  });
  it("let no comment out of its quotes", () => {
    const rules = nftRules([
      { port: 1, protocol: "tcp", from: "anywhere", comment: 'a" accept; #\n\\' + "x".repeat(200) },
    ]);
    const line = rules.split("\n").find((each) => each.includes("dport 1 "));
    expect(line?.match(/"/g)).toHaveLength(2);
    expect(line?.length).toBeLessThan(150);
  });
  it("touch no table but their own", () => {
    const statements = nftRules([]).replaceAll(/^\s*#.*$/gm, "");
    expect(statements).not.toContain("flush");
    expect([...statements.matchAll(/table (\S+ \S+)/g)].map(([, name]) => name)).toEqual([
      "inet bootmachine",
      "inet bootmachine",
      "inet bootmachine",
    ]);
  });
});

describe("other firewalls", () => {
  it("ufw is told in its own words", () => {
    expect(
      ufwRules([
        { port: 22, protocol: "tcp", from: "anywhere" },
        { port: "6000-6010", protocol: "udp", from: ["10.0.0.0/8"] },
      ]),
    ).toEqual(["allow 22/tcp", "allow from 10.0.0.0/8 to any port 6000:6010 proto udp"]);
  });
  it("firewalld gets a zone", () => {
    const zone = firewalldZone([
      { port: 22, protocol: "tcp", from: "anywhere" },
      { port: 80, protocol: "tcp", from: ["fd00::1"] },
    ]);
    expect(zone).toContain('<port port="22" protocol="tcp"/>');
    expect(zone).toContain('<rule family="ipv6"><source address="fd00::1"/>');
  });
});
