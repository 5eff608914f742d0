import { expect, it } from "vitest";
import { parse } from "yaml";

import { serverData } from "../../../../src/baseline/server-data.ts";
import { hieraData } from "../../../../src/configurators/puppet/hiera-data.ts";
import { contextFixture } from "../../../golden/baseline/fixture.ts";

const data = serverData(contextFixture("13"));

function read(yaml: string): unknown {
  return (parse(yaml, { version: "1.1" }) as Record<string, unknown>)["bootmachine::server"];
}

it("is read as the same data by a reader of YAML 1.1, which Ruby is", () => {
  expect(read(hieraData(data))).toEqual(data);
});

it("quotes what Ruby would not take for text", () => {
  const server = {
    ...data,
    roles: ["yes", "12:30", ":symbol", "2026-11-22", "0755", "null", "#x"],
  };
  const text = hieraData(server);
  expect(read(text)).toEqual(server);
  for (const role of server.roles) expect(text).toContain(`- "${role}"\n`);
});

it("keeps hiera from replacing anything in the data", () => {
  const text = hieraData({ ...data, absent_files: ["/etc/%{facts.os.name}", "100 %"] });
  expect(text).toContain(`"/etc/%{literal('%')}{facts.os.name}"`);
  expect(text).toContain('"100 %"');
});
