import { machineName } from "../../cloud/names.ts";
import type { ProviderContext } from "../contract.ts";
import type { Cloud } from "./cloud.ts";
import { hasElasticAddress } from "./elastic-addresses.ts";
import { type Ec2Instance, rebootInstance, startInstance, stopInstance } from "./instances.ts";
import { SERVER, STACK } from "./marks.ts";
import type { Ec2Settings } from "./options.ts";

/**
 * Reboots an instance, or starts it where it is off.
 *
 * EC2's own reboot asks the system, and cuts the power where it does not answer for some minutes. "hard" stops and starts it
 * at once, which also moves it to another computer; but only where that keeps its address, and it is no spot instance.
 */
export async function rebootMachine(
  cloud: Cloud,
  settings: Ec2Settings,
  instance: Ec2Instance,
  how: "soft" | "hard",
  context: ProviderContext,
): Promise<void> {
  const { id, tags } = instance;
  const named = { id, name: machineName(tags[STACK] ?? "", tags[SERVER] ?? "") };
  const untilStopped = async (): Promise<true> =>
    await cloud.watch.until(
      {
        claim: (now) =>
          now.some((entry) => entry.id === id && entry.state === "stopped") ? true : undefined,
        limitMs: settings.bootTimeoutMs,
        what: `${named.name} did not stop (bootTimeoutMs)`,
      },
      context,
    );
  if (instance.state === "stopped" || instance.state === "stopping") {
    await untilStopped();
    await startInstance(cloud.api, named, context);
    return;
  }
  const keepsAddress = async (): Promise<boolean> =>
    instance.publicIp === undefined || (await hasElasticAddress(cloud, id, context));
  if (how === "soft" || instance.isSpot || !(await keepsAddress())) {
    await rebootInstance(cloud.api, named, context);
    return;
  }
  await stopInstance(cloud.api, named, context);
  await untilStopped();
  await startInstance(cloud.api, named, context);
}
