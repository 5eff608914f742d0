import { createConnection } from "node:net";

/** What a server's first packet offers (RFC 4253 §7.1), server's own direction first. */
export interface KexOffer {
  readonly kex: readonly string[];
  readonly hostKeys: readonly string[];
  readonly ciphers: readonly string[];
  readonly macs: readonly string[];
}

export type Handshake =
  | { readonly kind: "ssh"; readonly banner: string; readonly offer: KexOffer }
  /** OpenSSH 9.8 and later turn an address away for some seconds after refused log-ins (PerSourcePenalties). */
  | { readonly kind: "turned-away" }
  | { readonly kind: "failed"; readonly message: string };

const KEXINIT = 20;
/** RFC 4253 §6.1: no packet is longer before keys are agreed. */
const MAX_PACKET = 35_000;
const MAX_BANNER = 8_192;
const PENALTY = /^Not allowed at this time/mu;

/**
 * Reads the name lists of a KEXINIT payload.
 *
 * @throws RangeError where the payload is cut short or is none.
 */
export function parseKexInit(payload: Buffer): KexOffer {
  if (payload[0] !== KEXINIT) throw new RangeError("The first packet is no KEXINIT.");
  let offset = 1 + 16;
  const nameList = (): readonly string[] => {
    const length = payload.readUInt32BE(offset);
    const end = offset + 4 + length;
    if (end > payload.length) throw new RangeError("The KEXINIT packet is cut short.");
    const text = payload.toString("ascii", offset + 4, end);
    offset = end;
    return text === "" ? [] : text.split(",");
  };
  const kex = nameList();
  const hostKeys = nameList();
  const both = (toServer: readonly string[], toClient: readonly string[]): readonly string[] => [
    ...new Set([...toServer, ...toClient]),
  ];
  const cipherToServer = nameList();
  const ciphers = both(cipherToServer, nameList());
  const macToServer = nameList();
  const macs = both(macToServer, nameList());
  return { kex, hostKeys, ciphers, macs };
}

type Progress = Handshake | { readonly kind: "more"; readonly hasBanner: boolean };

/** Reads what has come so far. Lines before the version line are allowed (RFC 4253 §4.2). */
export function readHandshake(received: Buffer): Progress {
  const text = received.toString("latin1", 0, MAX_BANNER);
  const start = text.startsWith("SSH-") ? 0 : text.indexOf("\nSSH-") + 1;
  const end = text.indexOf("\n", start);
  const isVersion = text.startsWith("SSH-", start);
  if (!isVersion || end < 0) {
    if (PENALTY.test(text)) return { kind: "turned-away" };
    if (received.length >= MAX_BANNER)
      return { kind: "failed", message: "No ssh version line came." };
    return { kind: "more", hasBanner: false };
  }
  const banner = text.slice(start, end).replace(/\r$/u, "");
  const packet = received.subarray(end + 1);
  if (packet.length < 5) return { kind: "more", hasBanner: true };
  const packetLength = packet.readUInt32BE(0);
  const padding = packet.readUInt8(4);
  if (packetLength > MAX_PACKET || packetLength < padding + 2) {
    return { kind: "failed", message: "The packet after the version line is no ssh packet." };
  }
  if (packet.length < 4 + packetLength) return { kind: "more", hasBanner: true };
  try {
    const offer = parseKexInit(packet.subarray(5, 4 + packetLength - padding));
    return { kind: "ssh", banner, offer };
  } catch (error) {
    return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
  }
}

/** Connects, exchanges version lines, reads the server's offer and hangs up. Never throws. */
export function shakeHands(
  address: string,
  port: number,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Handshake> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0);
    const finish = (outcome: Handshake): void => {
      clearTimeout(timer);
      options.signal.removeEventListener("abort", onAbort);
      socket.destroy();
      resolve(outcome);
    };
    const onAbort = (): void => finish({ kind: "failed", message: "cancelled" });
    const timer = setTimeout(
      () => finish({ kind: "failed", message: `no answer within ${options.timeoutMs} ms` }),
      options.timeoutMs,
    );
    const socket = createConnection({ host: address, port });
    options.signal.addEventListener("abort", onAbort, { once: true });
    let isGreeted = false;
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const progress = readHandshake(received);
      if (progress.kind !== "more") finish(progress);
      else if (progress.hasBanner && !isGreeted) {
        isGreeted = true;
        socket.write("SSH-2.0-bootmachine\r\n");
      }
    });
    socket.once("error", (error) => finish({ kind: "failed", message: error.message }));
    socket.once("close", () =>
      finish({ kind: "failed", message: "the host hung up before its first packet" }),
    );
  });
}
