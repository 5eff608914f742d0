/** The four shells that every text for a host must work in. */
export const SHELLS: readonly {
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
}[] = [
  { name: "dash", argv: ["dash"] },
  { name: "busybox sh", argv: ["busybox", "sh"] },
  { name: "bash in POSIX mode", argv: ["bash", "--posix"] },
  { name: "mksh", argv: ["mksh"] },
];
