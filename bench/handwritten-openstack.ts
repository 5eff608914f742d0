// What one would write by hand to boot servers at an OpenStack, and no more: one login, three lists, all creates at
// once, one list of all servers every second until they are active and have an address. It looks at no answer twice,
// makes no security group, proves no host key, and leaves a mess when it is killed.
//
//   OS_… node bench/handwritten-openstack.ts PREFIX COUNT IMAGE FLAVOR NETWORK [each]
//
// With "each" it asks for every server by itself, as one writes it at first: against a cloud that counts calls.
import { setTimeout as sleep } from "node:timers/promises";

const [prefix = "", count = "1", image, flavor, network, how = "list"] = process.argv.slice(2);
const env = process.env;

interface Named {
  readonly id: string;
  readonly name: string;
}

const login = await fetch(`${env["OS_AUTH_URL"]}/auth/tokens`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({
    auth: {
      identity: {
        methods: ["password"],
        password: {
          user: {
            name: env["OS_USERNAME"],
            domain: { name: env["OS_USER_DOMAIN_NAME"] },
            password: env["OS_PASSWORD"],
          },
        },
      },
      scope: {
        project: {
          name: env["OS_PROJECT_NAME"],
          domain: { name: env["OS_PROJECT_DOMAIN_NAME"] },
        },
      },
    },
  }),
});
const token = login.headers.get("x-subject-token") ?? "";
const { catalog } = (
  (await login.json()) as {
    readonly token: {
      readonly catalog: readonly {
        readonly type: string;
        readonly endpoints: readonly { readonly interface: string; readonly url: string }[];
      }[];
    };
  }
).token;

const call = async (
  method: string,
  type: string,
  path: string,
  body?: unknown,
): Promise<unknown> => {
  const service = catalog.find((entry) => entry.type === type);
  const url = service?.endpoints.find((endpoint) => endpoint.interface === "public")?.url ?? "";
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: {
      "x-auth-token": token,
      "content-type": "application/json",
      "openstack-api-version": "compute 2.79",
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return await answer.json();
};
const idIn = (list: unknown, key: string, name: string | undefined): string | undefined =>
  (list as Readonly<Record<string, readonly Named[]>>)[key]?.find((one) => one.name === name)?.id;

const [images, flavors, networks] = await Promise.all([
  call("GET", "image", "/v2/images"),
  call("GET", "compute", "/flavors/detail"),
  call("GET", "network", "/v2.0/networks"),
]);
const ids = await Promise.all(
  Array.from({ length: Number(count) }, async (_, index) => {
    const made = (await call("POST", "compute", "/servers", {
      server: {
        name: `${prefix}${index + 1}`,
        imageRef: idIn(images, "images", image),
        flavorRef: idIn(flavors, "flavors", flavor),
        networks: [{ uuid: idIn(networks, "networks", network) }],
      },
    })) as { readonly server: { readonly id: string } };
    return made.server.id;
  }),
);
interface ServerDetail {
  readonly id: string;
  readonly status: string;
  readonly addresses: Readonly<Record<string, unknown>>;
}
const look = async (): Promise<readonly ServerDetail[]> => {
  if (how === "each")
    return await Promise.all(
      ids.map(
        async (id) =>
          ((await call("GET", "compute", `/servers/${id}`)) as { readonly server: ServerDetail })
            .server,
      ),
    );
  const answer = await call("GET", "compute", "/servers/detail");
  return (answer as { readonly servers: readonly ServerDetail[] }).servers;
};
const isUp = async (): Promise<boolean> => {
  const servers = await look();
  const up = servers.filter(
    ({ status, addresses }) => status === "ACTIVE" && Object.keys(addresses).length > 0,
  );
  return ids.every((id) => up.some((server) => server.id === id));
};
do await sleep(1000);
while (!(await isUp()));
