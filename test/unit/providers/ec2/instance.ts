import type { Ec2Instance } from "../../../../src/providers/ec2/instances.ts";

export function instance(more: Partial<Ec2Instance> = {}): Ec2Instance {
  return {
    id: "i-1",
    state: "running",
    reason: undefined,
    createdAt: "2026-01-01T00:00:00.000Z",
    tags: {},
    publicIp: undefined,
    privateIp: undefined,
    ipv6: [],
    isSpot: false,
    image: "ami-1",
    type: "t3.small",
    ...more,
  };
}
