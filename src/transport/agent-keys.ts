import { connect } from "node:net";

/** Limits for asking the agent: it is a local socket, and an answer is small. */
const ANSWER_LIMIT_MS = 3000;
const LARGEST_ANSWER_BYTES = 256 * 1024;

const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;

/**
 * The public key lines of ssh-agent, in its own order; empty where there is no agent or it does not answer.
 * Speaks the agent's protocol (draft-ietf-sshm-ssh-agent, section 3.5), so that no program is started.
 *
 * @param socket the value of SSH_AUTH_SOCK
 */
export async function readAgentKeys(socket: string | undefined): Promise<readonly string[]> {
  if (socket === undefined || socket === "") return [];
  const answer = await ask(socket).catch(() => undefined);
  return answer === undefined ? [] : parseIdentities(answer);
}

function ask(path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const link = connect(path);
    let received = Buffer.alloc(0);
    const fail = (error: Error): void => {
      link.destroy();
      reject(error);
    };
    link.setTimeout(ANSWER_LIMIT_MS, () => fail(new Error("the agent does not answer")));
    link.on("error", fail);
    link.on("close", () => reject(new Error("the agent hung up")));
    link.on("data", (bytes) => {
      received = Buffer.concat([received, bytes]);
      const length = received.length < 4 ? 0 : received.readUInt32BE(0);
      if (length > LARGEST_ANSWER_BYTES) fail(new Error("the agent's answer is too long"));
      if (length > 0 && received.length >= 4 + length) {
        resolve(received.subarray(4, 4 + length));
        link.destroy();
      }
    });
    link.write(Buffer.from([0, 0, 0, 1, REQUEST_IDENTITIES]));
  });
}

/** The answer's body: its type, a count, then for each key its blob and a comment. */
export function parseIdentities(answer: Buffer): readonly string[] {
  if (answer[0] !== IDENTITIES_ANSWER || answer.length < 5) return [];
  const lines: string[] = [];
  let position = 5;
  const next = (): Buffer | undefined => {
    if (position + 4 > answer.length) return undefined;
    const length = answer.readUInt32BE(position);
    const end = position + 4 + length;
    if (end > answer.length) return undefined;
    const bytes = answer.subarray(position + 4, end);
    position = end;
    return bytes;
  };
  for (let left = answer.readUInt32BE(1); left > 0; left -= 1) {
    const blob = next();
    const comment = next();
    if (blob === undefined || comment === undefined || blob.length < 4) break;
    const type = blob.subarray(4, 4 + blob.readUInt32BE(0)).toString("ascii");
    lines.push(`${type} ${blob.toString("base64")} ${comment.toString()}`.trimEnd());
  }
  return lines;
}
