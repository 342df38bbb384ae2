import { randomBytes } from 'node:crypto';
import { type Schema, encodeBlob, schemaOf } from './blob.ts';
import type { Collection } from './registry.ts';
import { isCumulative } from './slot.ts';
import type { PublishAnswer, PublishRequest } from './store.ts';
import { PROTOCOL_TIMES } from './times.ts';

export interface MetricsSource {
  /** The kind of process, such as `worker`. */
  readonly service: string;
  /** This process, such as `worker:host:1f2e3d4c`. */
  readonly instance: string;
}

/** `service|instance|random`: a process has one after the other when it was folded although it lived. */
function bootOf({ service, instance }: MetricsSource): string {
  return `${service}|${instance}|${randomBytes(4).toString('hex')}`;
}

export function sourceOf(boot: string): MetricsSource {
  const [service = '', instance = ''] = boot.split('|');
  return { service, instance };
}

interface Sent {
  readonly seq: number;
  readonly values: Float64Array;
}

/**
 * How many words are remembered that Redis took, and how many that it did not answer. A fold can go back to each of
 * them: after a roll-back what was folded is older than the last word that was answered. One that was forgotten can
 * lose counts, never double them.
 */
const REMEMBERED = 8;

/**
 * What a process has to remember so that each of its counts is in Redis exactly once: what it published, which of it
 * Redis may have, and what of it was folded into the retired totals (the base, which is subtracted from then on).
 * Holds no connection: `next` says what to send, `answered` takes what came back.
 */
export class Publication {
  #source: MetricsSource;
  #leaseMs: number;
  #tombstoneMs: number;
  #boot: string;
  #registered = false;
  #schema: Schema = schemaOf([]);
  #schemaKnown = false;
  #seq = 0;
  #base: Float64Array = new Float64Array(0);
  /** The last words up to one that Redis is known to have taken, oldest first. */
  #taken: Sent[] = [];
  /** Those after it that it may have, and at last the one that is on its way. */
  #open: Sent[] = [];
  #storeId = '';
  #seenAt = 0;
  #heardAt = 0;
  #seenFolds = 0;
  #answeredAt = 0;

  constructor(source: MetricsSource, leaseMs: number, tombstoneMs: number = PROTOCOL_TIMES.tombstoneMs) {
    for (const part of [source.service, source.instance]) {
      if (part === '' || part.includes('|')) throw new TypeError(`"${part}" can't name a source of metrics`);
    }
    this.#source = source;
    this.#leaseMs = leaseMs;
    this.#tombstoneMs = tombstoneMs;
    this.#boot = bootOf(source);
  }

  get boot(): string {
    return this.#boot;
  }

  /** `now` is in ms of any clock that is monotonic. */
  next({ slots, values }: Collection, now: number = performance.now()): PublishRequest {
    if (slots.length !== this.#schema.slots.length) {
      this.#schema = schemaOf(slots);
      this.#schemaKnown = false;
    }
    const seq = ++this.#seq;
    // A boot that nobody has confirmed brings nothing: registered twice, with its tombstone gone in between, what it
    // brought would count twice. Until its first values come it is not fresh either.
    const isNew = !this.#registered;
    const absolute = isNew ? this.#base.slice(0, values.length) : values.slice();
    this.#open = [...this.#open.slice(1 - REMEMBERED), { seq, values: absolute }];
    const own = isNew ? new Float64Array(values.length) : withoutBase(absolute, this.#base);
    return {
      boot: this.#boot,
      blob: encodeBlob({ schema: this.#schema.hash, seq, leaseMs: this.#leaseMs, values: own }),
      register: isNew,
      schemaText: this.#schemaKnown ? undefined : this.#schema.text,
      knownStore: this.#storeId,
      seenAt: this.#seenAt,
      elapsedMs: Math.floor(now - this.#heardAt),
      seenFolds: this.#seenFolds,
    };
  }

  /** Takes the answer to the last request. `again`: send `next` at once; the word was not taken. */
  answered(answer: PublishAnswer, heardAt: number = performance.now()): 'done' | 'again' {
    const { status, now, storeId, folds, foldedSeq } = answer;
    const sameStore = this.#storeId === '' || this.#storeId === storeId;
    const silentMs = now - this.#answeredAt;
    this.#storeId = storeId;
    this.#answeredAt = now;
    this.#seenFolds = folds;
    switch (status) {
      case 'ok':
      case 'late':
        this.#schemaKnown = true;
        this.#seenAt = now;
        this.#heardAt = heardAt;
        this.#taken = [...this.#taken, ...this.#open].slice(-REMEMBERED);
        this.#open = [];
        if (this.#registered) return 'done';
        this.#registered = true;
        return 'again';
      case 'schema':
        this.#schemaKnown = false;
        return 'again';
      case 'folded':
        this.#beginAgain([...this.#taken, ...this.#open].find(({ seq }) => seq >= foldedSeq));
        return 'again';
      case 'unknown':
        // Forgotten with the store: what that had taken is gone with it. Folded, which is half a lease after an answer
        // at the earliest, and so long ago that the tombstone is gone: each word before this one may be in there.
        // Forgotten by a roll-back to before its first word: nothing was folded, all of it counts.
        if (!sameStore) this.#beginAgain(this.#taken.at(-1));
        else if (silentMs >= this.#tombstoneMs + this.#leaseMs / 2)
          this.#beginAgain(this.#open.at(-2) ?? this.#taken.at(-1));
        else this.#beginAgain(undefined);
        return 'again';
    }
  }

  /** Goes on as a new boot, without what is counted elsewhere already. */
  #beginAgain(counted: Sent | undefined): void {
    this.#boot = bootOf(this.#source);
    this.#registered = false;
    this.#schemaKnown = false;
    if (!counted) return;
    this.#base = counted.values.map((value, i) => (isCumulative(this.#schema.slots[i]!) ? value : 0));
    this.#taken = [];
    this.#open = [];
  }
}

/** The base has no more slots than there are by now. */
function withoutBase(absolute: Float64Array, base: Float64Array): Float64Array {
  if (base.length === 0) return absolute;
  const own = absolute.slice();
  for (let i = 0; i < base.length; i++) own[i]! -= base[i]!;
  return own;
}
