import type { ReplicaStatus } from '@prosaas/observability';

/** What was read longer ago is not known any more. */
const MAX_AGE_MS = 10_000;

/** The live replicas of all services. The last reading is at hand for those who must not wait for Redis. */
export class ReplicaView {
  readonly #list: () => Promise<ReplicaStatus[]>;
  #last: readonly ReplicaStatus[] = [];
  #lastAtMs = -Infinity;

  constructor(list: () => Promise<ReplicaStatus[]>) {
    this.#list = list;
  }

  async read(): Promise<readonly ReplicaStatus[]> {
    this.#last = (await this.#list()).filter(({ state }) => state === 'live');
    this.#lastAtMs = performance.now();
    return this.#last;
  }

  /** Nobody, when the last reading is old. */
  last(): readonly ReplicaStatus[] {
    return performance.now() - this.#lastAtMs <= MAX_AGE_MS ? this.#last : [];
  }
}
