/**
 * For plug-in authors: the suites that define "supported", and fakes that pass them.
 *
 * They take the `describe` and `it` of your test runner; nothing here depends on one.
 */
export { commandWorld, type CommandWorldOptions } from "./testing/command-world.ts";
export {
  CONFIGURATOR_CASES,
  testConfigurator,
  type ConfiguratorCase,
  type ConfiguratorSuiteOptions,
  type WorldRunner,
} from "./testing/configurator-suite.ts";
export type {
  ConfiguratorWorld,
  SuiteAgent,
  SuiteCommand,
  SuiteTree,
} from "./testing/configurator-world.ts";
export {
  FakeCloud,
  type FakeCloudOptions,
  type FakeFault,
  type FakeServer,
} from "./testing/fake-cloud.ts";
export { fakeProvider, type FakeProviderOptions } from "./testing/fake-provider.ts";
export {
  testProvider,
  type ProviderNeed,
  type ProviderSuiteOptions,
} from "./testing/provider-suite.ts";
export type { ProviderFaults, ProviderWorld, TestRunner } from "./testing/provider-world.ts";
