import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { expect, test } from "vitest";

import type { Ec2Options } from "../../../src/providers/ec2/options.ts";
import {
  ACCESS_KEY,
  contextOf,
  type Ec2World,
  failureOf,
  IMAGE,
  requestOf,
  SECRET_KEY,
} from "./ec2-world.ts";
import { REGION } from "./moto-server.ts";

/** Images by parameters of the Systems Manager. */
export function testParameters(worldOf: () => Ec2World): void {
  const put = async (Name: string, Value: string): Promise<void> => {
    const client = new SSMClient({
      region: REGION,
      endpoint: worldOf().moto.url,
      credentials: { accessKeyId: ACCESS_KEY, secretAccessKey: SECRET_KEY },
    });
    await client.send(new PutParameterCommand({ Name, Value, Type: "String" }));
    client.destroy();
  };
  const refuse = (action: string): void =>
    worldOf().proxy.add({
      match: (call) => call.action === action,
      times: 99,
      act: { kind: "refuse", status: 400, code: "AccessDeniedException" },
    });
  const told = async (image: Ec2Options["image"] & object): Promise<string> => {
    const world = worldOf();
    const failure = await failureOf(
      world.provider({ image }).ensure(requestOf("web"), contextOf()),
    );
    expect(await world.instances()).toEqual([]);
    expect(await world.groups()).toEqual([]);
    return failure;
  };

  test("what it holds is the image, by the option and by a server's own wish", async () => {
    await put("/golden/web/latest/amd64", IMAGE);
    const world = worldOf();
    await world
      .provider({ image: { ssm: "/golden/web/latest/amd64" } })
      .ensure(requestOf("web"), contextOf());
    await world
      .provider()
      .ensure(requestOf("db", { image: "/golden/web/latest/amd64" }), contextOf());
    expect((await world.instances()).map(({ ImageId: id }) => id)).toEqual([IMAGE, IMAGE]);
    // One look, and nothing is listed for it.
    expect(world.proxy.count("GetParameters")).toBe(2);
    expect(world.proxy.count("GetParametersByPath")).toBe(0);
    const asked = world.proxy.calls.filter(({ action }) => action === "GetParameters");
    expect(asked).toMatchObject([{ region: REGION }, { region: REGION }]);
  });

  test("one that there is not is told with the nearest, of yours and of those that are public", async () => {
    await put("/golden/web/latest/amd64", IMAGE);
    await put("/golden/web/latest/arm64", IMAGE);
    expect(await told({ ssm: "/golden/web/lates/amd64" })).toMatch(
      /^IMAGE_UNKNOWN: This region has no parameter \/golden\/web\/lates\/amd64\. Did you mean "\/golden\/web\/latest\/amd64"\? `aws ssm/,
    );
    const folder = "/aws/service/ami-amazon-linux-latest";
    expect(await told({ ssm: `${folder}/al2023-ami-kernel-default-x86_46` })).toContain(
      `Did you mean "${folder}/al2023-ami-kernel-default-x86_64"?`,
    );
    expect(await told({ ssm: "/nothing/of/the/kind" })).not.toContain("Did you mean");
  });

  test("where nobody may list them it is told without", async () => {
    await put("/golden/web/latest/amd64", IMAGE);
    refuse("GetParametersByPath");
    expect(await told({ ssm: "/golden/web/lates/amd64" })).toMatch(
      /^IMAGE_UNKNOWN: This region has no parameter \S+ `aws ssm get-parameters-by-path/,
    );
  });

  test("without the right to read it, that is told", async () => {
    await put("/golden/web/latest/amd64", IMAGE);
    refuse("GetParameters");
    expect(await told({ ssm: "/golden/web/latest/amd64" })).toMatch(
      /^PROVIDER_AUTH: EC2 refused to read the parameter \/golden\/web\/latest\/amd64: .*AccessDeniedException.* lack a right: ssm:GetParameters\b.*policy/,
    );
  });

  test("one that holds something else, and one whose image is gone", async () => {
    await put("/golden/web/motto", "festina lente");
    await put("/golden/web/gone", "ami-0123456789abcdef0");
    expect(await told({ ssm: "/golden/web/motto" })).toBe(
      "IMAGE_UNKNOWN: The parameter /golden/web/motto holds no image's id. It holds festina lente.",
    );
    expect(await told({ ssm: "/golden/web/gone" })).toMatch(
      /^IMAGE_UNKNOWN: EC2 has no available image of the parameter \/golden\/web\/gone/,
    );
  });
}
