import { connect } from "node:net";

/** Does anybody take up a TCP connection there, ssh server or not? Nothing is sent. False once the signal comes. */
export function portAnswers(
  { address, port }: { readonly address: string; readonly port: number },
  signal: AbortSignal,
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const end = (answers: boolean): void => {
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      resolve(answers);
    };
    const onAbort = (): void => end(false);
    signal.addEventListener("abort", onAbort, { once: true });
    socket.on("connect", () => end(true));
    socket.on("error", () => end(false));
    if (signal.aborted) onAbort();
  });
}
