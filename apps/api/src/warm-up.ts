import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@prosaas/runtime';
import { type ServingReplica, type ServingStatus, servingStatusOf } from './serving-status.ts';

export interface WarmUpOptions {
  replicas: () => Promise<readonly ServingReplica[]>;
  /** Tells every replica to load what it has not loaded yet. */
  requestWarmUp: () => Promise<void>;
  log: Logger;
  waitMs?: number;
  everyMs?: number;
}

/**
 * Runs one warm-up for any number of concurrent callers: requests it once if a replica that serves customers is cold, and waits until
 * all are warm, at most `waitMs`. Rejects if Redis cannot be read.
 */
export class WarmUp {
  readonly #options: Required<WarmUpOptions>;
  readonly #ending = new AbortController();
  #running: Promise<ServingStatus> | undefined;

  constructor(options: WarmUpOptions) {
    this.#options = { waitMs: 30_000, everyMs: 250, ...options };
  }

  run(): Promise<ServingStatus> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Callers that wait get the status at this moment. */
  [Symbol.dispose](): void {
    this.#ending.abort();
  }

  async #run(): Promise<ServingStatus> {
    const { requestWarmUp, log, waitMs, everyMs } = this.#options;
    let serving = await this.#read();
    if (serving.replicas === 0 || serving.cold.length === 0) return serving;
    log.info({ cold: serving.cold.map(({ instance, part }) => `${instance} ${part}`) }, 'warm-up requested');
    await requestWarmUp();
    const until = AbortSignal.any([AbortSignal.timeout(waitMs), this.#ending.signal]);
    while (serving.cold.length > 0 && serving.replicas > 0 && !until.aborted) {
      await pause(everyMs, until);
      serving = await this.#read();
    }
    return serving;
  }

  async #read(): Promise<ServingStatus> {
    return servingStatusOf(await this.#options.replicas());
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    // Aborted: the pause is over.
  }
}
