import type { Environment } from "../../stack/environment.ts";
import type { Ec2Settings } from "./options.ts";
import { type ProfileFiles, profileFiles } from "./profiles.ts";

/** How the SDK's clients are made. It may hold secrets: never show it. */
export interface Account {
  /** Absent: the SDK reads it in the profile. */
  readonly region: string | undefined;
  readonly profile: string | undefined;
  /** Where the profile is looked for. */
  readonly profileFiles: ProfileFiles;
  readonly endpoints: { readonly ec2: string | undefined; readonly ssm: string | undefined };
  /** Absent: the SDK's own chain finds them: profiles, SSO, roles, the computer's own role. */
  readonly credentials:
    | {
        readonly accessKeyId: string;
        readonly secretAccessKey: string;
        readonly sessionToken?: string;
      }
    | undefined;
  /** Where it was found, for people. */
  readonly source: string;
}

/** The account that the options and the environment mean. Keys in the environment count where no profile is named. */
export function readAccount(settings: Ec2Settings, env: Environment): Account {
  const given = (name: string): string | undefined => (env[name] === "" ? undefined : env[name]);
  const profile = settings.profile ?? given("AWS_PROFILE");
  const accessKeyId = given("AWS_ACCESS_KEY_ID");
  const secretAccessKey = given("AWS_SECRET_ACCESS_KEY");
  const sessionToken = given("AWS_SESSION_TOKEN");
  const hasKeys =
    profile === undefined && accessKeyId !== undefined && secretAccessKey !== undefined;
  const endpoint = given("AWS_ENDPOINT_URL");
  return {
    region: settings.region ?? given("AWS_REGION") ?? given("AWS_DEFAULT_REGION"),
    profile,
    profileFiles: profileFiles(env),
    endpoints: {
      ec2: settings.endpoint ?? given("AWS_ENDPOINT_URL_EC2") ?? endpoint,
      ssm: settings.endpoint ?? given("AWS_ENDPOINT_URL_SSM") ?? endpoint,
    },
    credentials: hasKeys
      ? {
          accessKeyId,
          secretAccessKey,
          ...(sessionToken === undefined ? {} : { sessionToken }),
        }
      : undefined,
    source:
      profile !== undefined
        ? `the profile "${profile}"`
        : hasKeys
          ? "the AWS_* variables"
          : "the default credential chain",
  };
}
