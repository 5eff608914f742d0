/** What `init` can put into a new config; "none" is the absence of a tool. Apart, so that `--help` stays quick. */
export const INIT_CONFIGURATORS = ["none", "script", "ansible", "salt", "puppet", "chef"] as const;
export type InitConfigurator = (typeof INIT_CONFIGURATORS)[number];
