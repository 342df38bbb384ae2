import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@prosaas/runtime';
import { type ServingReplica, type Warmth, judgeWarmth } from './serving-replicas.ts';

export interface WarmUpOptions {
  replicas: () => Promise<readonly ServingReplica[]>;
  /** Asks every replica to load what it has not. */
  ask: () => Promise<void>;
  log: Logger;
  waitMs?: number;
  everyMs?: number;
}

/**
 * One warm-up for however many callers: looks, asks the cold ones once, and waits until all that serve customers are warm or
 * the time is over. Rejects when Redis is away.
 */
export class WarmUp {
  readonly #options: Required<WarmUpOptions>;
  readonly #ending = new AbortController();
  #running: Promise<Warmth> | undefined;

  constructor(options: WarmUpOptions) {
    this.#options = { waitMs: 30_000, everyMs: 250, ...options };
  }

  run(): Promise<Warmth> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Callers that wait are answered with what is so far. */
  [Symbol.dispose](): void {
    this.#ending.abort();
  }

  async #run(): Promise<Warmth> {
    const { ask, log, waitMs, everyMs } = this.#options;
    let warmth = await this.#look();
    if (warmth.replicas === 0 || warmth.cold.length === 0) return warmth;
    log.info({ cold: warmth.cold.map(({ instance, part }) => `${instance} ${part}`) }, 'Warming up');
    await ask();
    const until = AbortSignal.any([AbortSignal.timeout(waitMs), this.#ending.signal]);
    while (warmth.cold.length > 0 && warmth.replicas > 0 && !until.aborted) {
      await pause(everyMs, until);
      warmth = await this.#look();
    }
    return warmth;
  }

  async #look(): Promise<Warmth> {
    return judgeWarmth(await this.#options.replicas());
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    // Aborted: the pause is over.
  }
}
