import type { Caller } from "../../cloud/caller.ts";
import { ProviderError } from "../../errors/error.ts";
import { nearestWord } from "../../stack/suggest.ts";
import type { Ec2Api } from "./client.ts";

/** So many pages of ten are looked at for a name that is near. */
const MAX_PAGES = 10;

/** The value of a parameter of the Systems Manager; undefined where there is none. */
export async function readParameter(
  api: Ec2Api,
  path: string,
  caller: Caller,
): Promise<string | undefined> {
  const answer = await api.callSsm(
    {
      action: "GetParameters",
      what: `read the parameter ${path}`,
      send: async (client, sdk, options) =>
        await client.send(new sdk.GetParametersCommand({ Names: [path] }), options),
    },
    caller,
  );
  return answer.Parameters?.[0]?.Value;
}

/** The parameter that may have been meant; undefined where none is near, or nobody may list them. */
export async function nearParameter(
  api: Ec2Api,
  path: string,
  caller: Caller,
): Promise<string | undefined> {
  try {
    // The deepest folder that is there; /aws/service is everybody's, and has thousands.
    for (let folder = parentOf(path); folder.length > 1; folder = parentOf(folder)) {
      if (folder === "/aws/service") return undefined;
      const names = await listParameters(api, folder, caller);
      const ends = names.map((name) => name.slice(folder.length));
      const nearest = nearestWord(path.slice(folder.length), ends);
      if (names.length > 0) return nearest === undefined ? undefined : `${folder}${nearest}`;
    }
    return undefined;
  } catch (thrown) {
    // The right to list them is not needed for anything else.
    if (thrown instanceof ProviderError) return undefined;
    throw thrown;
  }
}

async function listParameters(
  api: Ec2Api,
  folder: string,
  caller: Caller,
): Promise<readonly string[]> {
  const names: string[] = [];
  let next: string | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const token = next;
    const page = await api.callSsm(
      {
        action: "GetParametersByPath",
        what: `list the parameters below ${folder}`,
        send: async (client, sdk, options) =>
          await client.send(
            new sdk.GetParametersByPathCommand({
              Path: folder,
              Recursive: true,
              MaxResults: 10,
              ...(token === undefined ? {} : { NextToken: token }),
            }),
            options,
          ),
      },
      caller,
    );
    names.push(...(page.Parameters ?? []).flatMap(({ Name: name }) => name ?? []));
    next = page.NextToken === "" ? undefined : page.NextToken;
    if (next === undefined) break;
  }
  return names;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
