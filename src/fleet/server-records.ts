import { readFile } from "node:fs/promises";

import { z } from "zod";

import { IDENTITY_PROOFS } from "../providers/contract.ts";
import { writeAtomically } from "./write-atomically.ts";

const serverRecordSchema = z.object({
  /** The provider's id of the machine that the record is about: another id makes it void. */
  machineId: z.string(),
  proof: z.enum(IDENTITY_PROOFS),
  keys: z.array(z.string()),
  /** The key is no longer the injected one, and the provider cannot be told. */
  isReplaced: z.literal(true).optional(),
  /** The way in that worked last; of several addresses the one by which it did. */
  way: z
    .object({
      user: z.string(),
      port: z.number().int().min(1).max(65535),
      address: z.string().optional(),
    })
    .optional(),
  /** The declared way in that the phase secure has left behind, as `declaredWayText` says it; absent while it is not known. */
  settled: z.string().optional(),
});
export type ServerRecord = z.infer<typeof serverRecordSchema>;

const fileSchema = z.record(z.string(), serverRecordSchema);

/**
 * What is remembered of each server between runs. It is a convenience: without it the proof is asked for
 * again and every known way in is tried. A file that cannot be read counts as empty.
 */
export class ServerRecords {
  private readonly path: string;
  private readonly records: Map<string, ServerRecord>;
  private writing: Promise<void> = Promise.resolve();

  private constructor(path: string, records: Map<string, ServerRecord>) {
    this.path = path;
    this.records = records;
  }

  static async read(path: string): Promise<ServerRecords> {
    let parsed: unknown;
    try {
      parsed = JSON.parse(await readFile(path, "utf8"));
    } catch {
      parsed = {};
    }
    const result = fileSchema.safeParse(parsed);
    return new ServerRecords(path, new Map(Object.entries(result.success ? result.data : {})));
  }

  /** The same records, written to another file from now on: a plan remembers nothing. */
  static copyTo(records: ServerRecords, path: string): ServerRecords {
    return new ServerRecords(path, new Map(records.records));
  }

  get(server: string, machineId: string): ServerRecord | undefined {
    const record = this.records.get(server);
    return record?.machineId === machineId ? record : undefined;
  }

  all(): ReadonlyMap<string, ServerRecord> {
    return this.records;
  }

  async put(server: string, record: ServerRecord): Promise<void> {
    if (JSON.stringify(this.records.get(server)) === JSON.stringify(record)) return;
    this.records.set(server, record);
    await this.save();
  }

  async remove(server: string): Promise<void> {
    if (this.records.delete(server)) await this.save();
  }

  /** One write after the other: the last state wins. */
  private async save(): Promise<void> {
    this.writing = this.writing
      .catch(() => undefined)
      .then(() =>
        writeAtomically(
          this.path,
          `${JSON.stringify(Object.fromEntries(this.records), undefined, 2)}\n`,
        ),
      );
    await this.writing;
  }
}
