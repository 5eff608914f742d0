import { createRequire } from "node:module";

import type * as ec2Sdk from "@aws-sdk/client-ec2";
import type * as ssmSdk from "@aws-sdk/client-ssm";

import { RefusedError } from "../../errors/error.ts";

/** Loaded when the first call is made: it is large, and only users of EC2 have it. */
export type Ec2Sdk = typeof ec2Sdk;
export type SsmSdk = typeof ssmSdk;

/** @throws RefusedError PREREQUISITE_MISSING, with what to install */
export async function loadEc2Sdk(): Promise<Ec2Sdk> {
  return await load("@aws-sdk/client-ec2", async () => await import("@aws-sdk/client-ec2"));
}

/** @throws RefusedError PREREQUISITE_MISSING, with what to install */
export async function loadSsmSdk(): Promise<SsmSdk> {
  return await load("@aws-sdk/client-ssm", async () => await import("@aws-sdk/client-ssm"));
}

/** What is missing for images by parameter, as a part of a sentence; undefined: nothing. Nothing is loaded. */
export function missingSsmSdk(): string | undefined {
  const name = "@aws-sdk/client-ssm";
  try {
    createRequire(import.meta.url).resolve(name);
    return undefined;
  } catch {
    return `needs the package ${name}: install it beside bootmachine (npm install ${name})`;
  }
}

/** Imports an optional package. */
export async function load<M>(name: string, importIt: () => Promise<M>): Promise<M> {
  try {
    return await importIt();
  } catch (thrown) {
    const isMissing =
      thrown instanceof Error &&
      "code" in thrown &&
      thrown.code === "ERR_MODULE_NOT_FOUND" &&
      thrown.message.includes(`'${name}'`);
    if (!isMissing) throw thrown;
    throw new RefusedError("PREREQUISITE_MISSING", `The provider ec2 needs the package ${name}.`, {
      cause: thrown,
      hint: `Install it beside bootmachine: npm install ${name}`,
    });
  }
}
