import type { ReplicaStatus } from '@prosaas/observability';

/** An older reading counts as unknown. */
const MAX_AGE_MS = 10_000;

/** The live replicas of all services. Keeps the last reading for callers that must not wait for Redis. */
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

  /** Empty if the last reading is too old. */
  last(): readonly ReplicaStatus[] {
    return performance.now() - this.#lastAtMs <= MAX_AGE_MS ? this.#last : [];
  }
}
