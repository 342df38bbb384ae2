import type { BinaryNode } from '@whiskeysockets/baileys';

interface Entry {
  item: BinaryNode;
  /** A retry receipt came: the refusal that follows it does not end the entry. */
  retrying: boolean;
  readonly settled: PromiseWithResolvers<void>;
}

/**
 * What the server holds for one device until the device acknowledges it. Entries that a dead connection left
 * unacknowledged go out again, as offline, at the next login.
 */
export class Outbox {
  readonly #entries = new Map<string, Entry>();
  #send: ((item: BinaryNode) => void) | undefined;

  get size(): number {
    return this.#entries.size;
  }

  /** Resolves when the device has acknowledged it. An item with the class, id and sender of another replaces it. */
  async add(item: BinaryNode): Promise<void> {
    const key = keyOf(item.tag, item.attrs.id ?? '', item.attrs.from ?? '');
    const known = this.#entries.get(key);
    if (known) known.item = item;
    const entry = known ?? { item, retrying: false, settled: Promise.withResolvers<void>() };
    this.#entries.set(key, entry);
    this.#send?.(item);
    await entry.settled.promise;
  }

  /** The device can take everything now; returns how many were waiting. */
  open(send: (item: BinaryNode) => void): number {
    const waiting = [...this.#entries.values()];
    for (const { item } of waiting) send({ ...item, attrs: { ...item.attrs, offline: '1' } });
    this.#send = send;
    return waiting.length;
  }

  close(): void {
    this.#send = undefined;
  }

  expectRetry(id: string, sender: string): void {
    const [, entry] = this.#find('message', id, sender) ?? [];
    if (entry) entry.retrying = true;
  }

  /** Settles an entry. A receipt need not name the sender; `refused` is an ack with an error. */
  acknowledge(tag: string, id: string, sender: string, refused = false): boolean {
    const [key, entry] = this.#find(tag, id, sender) ?? [];
    if (key === undefined || !entry) return false;
    if (refused && entry.retrying) {
      entry.retrying = false;
      return true;
    }
    this.#entries.delete(key);
    entry.settled.resolve();
    return true;
  }

  #find(tag: string, id: string, sender: string): [string, Entry] | undefined {
    const exact = this.#entries.get(keyOf(tag, id, sender));
    if (exact) return [keyOf(tag, id, sender), exact];
    const prefix = keyOf(tag, id, '');
    return this.#entries.entries().find(([key]) => key.startsWith(prefix));
  }
}

function keyOf(tag: string, id: string, sender: string): string {
  return `${tag}\n${id}\n${sender}`;
}
