import { randomBytes } from 'node:crypto';
import { type Schema, encodeBlob, schemaOf } from './blob.ts';
import type { Collection } from './registry.ts';
import { isCumulative } from './column.ts';
import type { PublishReply, PublishRequest } from './store.ts';
import { PROTOCOL_TIMES } from './times.ts';

/** Who publishes metrics. Neither part may be empty or contain `|`. */
export interface MetricsSource {
  /** The kind of process, such as `worker`. */
  readonly service: string;
  /** This process, such as `worker:host:1f2e3d4c`. */
  readonly instance: string;
}

/**
 * `service|instance|random`: the identity under which a process publishes. A process that was folded although it still ran goes on under
 * a new one.
 */
function newEpoch({ service, instance }: MetricsSource): string {
  return `${service}|${instance}|${randomBytes(4).toString('hex')}`;
}

export function sourceOf(epoch: string): MetricsSource {
  const [service = '', instance = ''] = epoch.split('|');
  return { service, instance };
}

interface SentValues {
  readonly seq: number;
  readonly values: Float64Array;
}

/**
 * How many acknowledged requests are remembered, and how many unacknowledged ones. Any of them may be what Redis folds, because after a
 * roll-back Redis folds an older request than the last acknowledged one. A forgotten request can lose counts, but never double them.
 */
const MAX_REMEMBERED = 8;

/**
 * The publisher's side of the protocol: what one process has to remember so that Redis counts each of its counts exactly once. That is
 * what it published, which of it Redis may have, and the base: what Redis has folded into the retired totals, and which is therefore
 * subtracted from what is published. It holds no connection: `nextRequest` returns what to send, `handleReply` takes the reply.
 */
export class Publication {
  #source: MetricsSource;
  #leaseMs: number;
  #tombstoneMs: number;
  #epoch: string;
  #isRegistered = false;
  #schema: Schema = schemaOf([]);
  #isSchemaKnown = false;
  #seq = 0;
  #base: Float64Array = new Float64Array(0);
  /** The last requests up to the latest acknowledged one, oldest first. */
  #acknowledged: SentValues[] = [];
  /** Later requests, which Redis may have processed, oldest first. The last one is pending. */
  #unacknowledged: SentValues[] = [];
  #storeId = '';
  /** Redis' time when it took the last acknowledged request, and the local time of that reply. */
  #knownTime = 0;
  #acknowledgedAt = 0;
  #knownFolds = 0;
  /** Redis' time in the last reply of any kind. */
  #repliedAt = 0;

  constructor(source: MetricsSource, leaseMs: number, tombstoneMs: number = PROTOCOL_TIMES.tombstoneMs) {
    for (const part of [source.service, source.instance]) {
      if (part === '' || part.includes('|')) throw new TypeError(`"${part}" can't name a source of metrics`);
    }
    this.#source = source;
    this.#leaseMs = leaseMs;
    this.#tombstoneMs = tombstoneMs;
    this.#epoch = newEpoch(source);
  }

  get epoch(): string {
    return this.#epoch;
  }

  /** @param now ms of any monotonic clock, the same as for `handleReply` */
  nextRequest({ columns, values }: Collection, now: number = performance.now()): PublishRequest {
    if (columns.length !== this.#schema.columns.length) {
      this.#schema = schemaOf(columns);
      this.#isSchemaKnown = false;
    }
    const seq = ++this.#seq;
    // The request that registers an epoch carries no values. If it were registered twice, with its tombstone expired in between, its
    // values would count twice. Until the first values arrive the epoch is not fresh either.
    const isNew = !this.#isRegistered;
    const absolute = isNew ? this.#base.slice(0, values.length) : values.slice();
    this.#unacknowledged = [...this.#unacknowledged.slice(1 - MAX_REMEMBERED), { seq, values: absolute }];
    const own = isNew ? new Float64Array(values.length) : withoutBase(absolute, this.#base);
    return {
      epoch: this.#epoch,
      blob: encodeBlob({ schema: this.#schema.hash, seq, leaseMs: this.#leaseMs, values: own }),
      register: isNew,
      schemaText: this.#isSchemaKnown ? undefined : this.#schema.text,
      knownStore: this.#storeId,
      knownTime: this.#knownTime,
      elapsedMs: Math.floor(now - this.#acknowledgedAt),
      knownFolds: this.#knownFolds,
    };
  }

  /**
   * Takes the reply to the last request. `again` means that Redis did not take the values, and that `nextRequest` is to be sent at once.
   *
   * @param receivedAt ms of the clock of `nextRequest`
   */
  handleReply(reply: PublishReply, receivedAt: number = performance.now()): 'done' | 'again' {
    const { status, now, storeId, folds, foldedSeq } = reply;
    const isSameStore = this.#storeId === '' || this.#storeId === storeId;
    const silentMs = now - this.#repliedAt;
    this.#storeId = storeId;
    this.#repliedAt = now;
    this.#knownFolds = folds;
    switch (status) {
      case 'ok':
      case 'late':
        this.#isSchemaKnown = true;
        this.#knownTime = now;
        this.#acknowledgedAt = receivedAt;
        this.#acknowledged = [...this.#acknowledged, ...this.#unacknowledged].slice(-MAX_REMEMBERED);
        this.#unacknowledged = [];
        if (this.#isRegistered) return 'done';
        this.#isRegistered = true;
        return 'again';
      case 'schema':
        this.#isSchemaKnown = false;
        return 'again';
      case 'folded':
        this.#startEpoch(
          [...this.#acknowledged, ...this.#unacknowledged].find(({ seq }) => seq >= foldedSeq),
        );
        return 'again';
      case 'unknown':
        // Redis forgot this epoch for one of three reasons.
        // 1. The store is new: whatever the old store had taken is gone with it.
        if (!isSameStore) this.#startEpoch(this.#acknowledged.at(-1));
        // 2. The epoch was folded, half a lease after the last reply at the earliest, and its tombstone has expired since. Every request
        //    before the pending one may be in the retired totals.
        else if (silentMs >= this.#tombstoneMs + this.#leaseMs / 2)
          this.#startEpoch(this.#unacknowledged.at(-2) ?? this.#acknowledged.at(-1));
        // 3. A roll-back to before its first request: nothing was folded, so everything has to be published again.
        else this.#startEpoch(undefined);
        return 'again';
    }
  }

  /** Goes on under a new epoch. `counted` are the values that are already counted elsewhere; they become the base. */
  #startEpoch(counted: SentValues | undefined): void {
    this.#epoch = newEpoch(this.#source);
    this.#isRegistered = false;
    this.#isSchemaKnown = false;
    if (!counted) return;
    this.#base = counted.values.map((value, i) => (isCumulative(this.#schema.columns[i]!) ? value : 0));
    this.#acknowledged = [];
    this.#unacknowledged = [];
  }
}

/** The base never has more columns than the values. */
function withoutBase(absolute: Float64Array, base: Float64Array): Float64Array {
  if (base.length === 0) return absolute;
  const own = absolute.slice();
  for (let i = 0; i < base.length; i++) own[i]! -= base[i]!;
  return own;
}
