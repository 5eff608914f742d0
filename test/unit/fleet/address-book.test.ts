import { describe, expect, it } from "vitest";

import { AddressBook } from "../../../src/fleet/address-book.ts";
import type { Machine } from "../../../src/providers/contract.ts";
import type { Stack } from "../../../src/stack/stack.ts";

// Only the servers' names and roles are read.
const stack = {
  servers: [
    { name: "a", roles: ["x"] },
    { name: "b", roles: [] },
  ],
} as unknown as Stack;

function machine(server: string, address: string): Machine {
  return {
    id: server,
    stack: "s",
    server,
    status: "running",
    publicAddresses: [address],
    privateAddresses: [address],
    login: { user: "root", port: 22 },
    image: "i",
    size: "s",
  };
}

describe("AddressBook", () => {
  it("waits until every address is known, and names the members", async () => {
    const book = new AddressBook(stack);
    const settled = book.settled(new AbortController().signal);
    book.settle("a", machine("a", "192.0.2.1"));
    expect(book.missing()).toEqual(["b"]);
    book.settle("b", machine("b", "192.0.2.2"));
    await settled;
    expect(book.members().map(({ name, privateAddresses }) => [name, privateAddresses])).toEqual([
      ["a", ["192.0.2.1"]],
      ["b", ["192.0.2.2"]],
    ]);
  });

  it("does not wait for a server that was given up", async () => {
    const book = new AddressBook(stack);
    book.settle("a", machine("a", "192.0.2.1"));
    book.settle("b", undefined);
    await book.settled(new AbortController().signal);
    expect(book.members().map(({ name }) => name)).toEqual(["a"]);
  });

  it("keeps an address when the server is given up later", () => {
    const book = new AddressBook(stack);
    book.settle("a", machine("a", "192.0.2.1"));
    book.settle("a", undefined);
    expect(book.machine("a")?.publicAddresses).toEqual(["192.0.2.1"]);
  });

  it("ends at the signal", async () => {
    const book = new AddressBook(stack);
    const controller = new AbortController();
    const settled = book.settled(controller.signal);
    controller.abort(new Error("enough"));
    await expect(settled).rejects.toThrow("enough");
  });
});
