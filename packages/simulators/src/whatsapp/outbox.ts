import type { BinaryNode } from '@whiskeysockets/baileys';

interface Entry {
  item: BinaryNode;
  /** The device has sent a retry receipt. The refusal that follows it does not end the entry. */
  retrying: boolean;
  readonly settled: PromiseWithResolvers<boolean>;
}

/**
 * The stanzas that the server keeps for one device until the device acknowledges them. At the next login, unacknowledged
 * ones are sent again, marked as offline.
 */
export class Outbox {
  readonly #entries = new Map<string, Entry>();
  #send: ((item: BinaryNode) => void) | undefined;
  #requests = 0;

  get size(): number {
    return this.#entries.size;
  }

  /**
   * Resolves with true when the device has acknowledged it, and with false when the device is unlinked. An item replaces
   * an earlier one with the same key; retry receipts never replace each other.
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

  /**
   * Sends the waiting items, and every later one at once.
   *
   * @param offline whether the waiting items are marked as offline
   * @returns how many were waiting
   */
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

  /** The device is unlinked. */
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
    // The oldest of several retry receipts for one message. A receipt of an own copy does not name the sender: the id decides.
    const prefix = wanted.from === undefined ? key : `${key}\n`;
    return this.#entries.entries().find(([candidate]) => candidate.startsWith(prefix));
  }
}

interface StanzaKey {
  readonly id?: string | undefined;
  readonly from?: string | undefined;
  readonly type?: string | undefined;
}

/** Receipts of one id differ by type. Messages do not: a receipt that acknowledges one may lack its type. */
function keyOf(tag: string, { id = '', from = '', type = '' }: StanzaKey): string {
  return [tag, tag === 'receipt' ? type : '', id, from].join('\n');
}
