import type { BinaryNode } from '@whiskeysockets/baileys';

interface Entry {
  item: BinaryNode;
  /** A retry receipt came: the refusal that follows it does not end the entry. */
  retrying: boolean;
  readonly settled: PromiseWithResolvers<boolean>;
}

/**
 * What the server holds for one device until the device acknowledges it. Entries that a dead connection left
 * unacknowledged go out again, as offline, at the next login.
 */
export class Outbox {
  readonly #entries = new Map<string, Entry>();
  #send: ((item: BinaryNode) => void) | undefined;
  #requests = 0;

  get size(): number {
    return this.#entries.size;
  }

  /**
   * Resolves with true when the device has acknowledged it, with false when it never will. An item with the key
   * of another replaces it; requests to send a message again are each their own.
   */
  async add(item: BinaryNode): Promise<boolean> {
    const isRequest = item.tag === 'receipt' && item.attrs.type === 'retry';
    const key = keyOf(item.tag, item.attrs) + (isRequest ? `\n${++this.#requests}` : '');
    const known = this.#entries.get(key);
    if (known) known.item = item;
    const entry = known ?? { item, retrying: false, settled: Promise.withResolvers<boolean>() };
    this.#entries.set(key, entry);
    this.#send?.(item);
    return await entry.settled.promise;
  }

  /** The device can take everything now; returns how many were waiting. `offline` is how those are marked. */
  open(send: (item: BinaryNode) => void, { offline }: { offline: boolean }): number {
    const waiting = [...this.#entries.values()];
    for (const { item } of waiting) {
      send(offline ? { ...item, attrs: { ...item.attrs, offline: '1' } } : item);
    }
    this.#send = send;
    return waiting.length;
  }

  close(): void {
    this.#send = undefined;
  }

  /** The device is gone for good. */
  abandon(): void {
    this.close();
    for (const { settled } of this.#entries.values()) settled.resolve(false);
    this.#entries.clear();
  }

  expectRetry(key: StanzaKey): void {
    const [, entry] = this.#find('message', key) ?? [];
    if (entry) entry.retrying = true;
  }

  /** Settles an entry; `refused` is an ack with an error. */
  acknowledge(tag: string, acknowledged: StanzaKey, refused = false): void {
    const [key, entry] = this.#find(tag, acknowledged) ?? [];
    if (key === undefined || !entry) return;
    if (refused && entry.retrying) {
      entry.retrying = false;
      return;
    }
    this.#entries.delete(key);
    entry.settled.resolve(true);
  }

  #find(tag: string, wanted: StanzaKey): [string, Entry] | undefined {
    const key = keyOf(tag, wanted);
    const exact = this.#entries.get(key);
    if (exact) return [key, exact];
    // Of several requests for one message the oldest. The receipt of an echo does not name its sender: then the id has to do.
    const prefix = wanted.from === undefined ? key : `${key}\n`;
    return this.#entries.entries().find(([candidate]) => candidate.startsWith(prefix));
  }
}

interface StanzaKey {
  readonly id?: string | undefined;
  readonly from?: string | undefined;
  readonly type?: string | undefined;
}

/** A message may be acknowledged by a receipt without its type; receipts of one id differ by type. */
function keyOf(tag: string, { id = '', from = '', type = '' }: StanzaKey): string {
  return [tag, tag === 'receipt' ? type : '', id, from].join('\n');
}
