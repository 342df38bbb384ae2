import { randomUUID } from 'node:crypto';
import type { BegunWork, QueueName } from '@prosaas/queues';
import { AppError } from '@prosaas/runtime';
import { LineFull } from '../keyed-mutex.ts';
import type { Around } from '../work-off.ts';
import type { SandboxedJob } from './protocol.ts';

/** Workers died of it, and so did the sandboxes that it was set apart in. */
export class Poison extends AppError {
  override code = 'POISON';

  constructor() {
    super('workers died of this, and so did the sandboxes that it was set apart in, one after the other');
  }
}

/**
 * Notes in Redis what this process is at, before it is: the job, and instead of it each message that is another job's. The note
 * outlives a process that dies, also one that takes its worker with it.
 */
export class AtWork {
  readonly #begunWork: BegunWork;
  readonly #process = randomUUID();
  #at: { queue: QueueName; job: string } | undefined;

  constructor(begunWork: BegunWork) {
    this.#begunWork = begunWork;
  }

  /** Rejects with `Poison` what died in its sandbox too often. */
  async run(
    { id, queue, token }: Pick<SandboxedJob, 'id' | 'queue' | 'token'>,
    work: (around: Around) => Promise<void>,
  ): Promise<void> {
    const begin = (job: string): Promise<void> => this.#begin(queue, { job, by: id, token });
    let isOwnDone = false;
    await begin(id);
    await this.#through(() =>
      work(async (messageId, step) => {
        if (isOwnDone) throw new LineFull('what comes after its own is for the workers');
        isOwnDone = messageId === id;
        if (isOwnDone) return step();
        await this.takeBack();
        await begin(messageId);
        const done = await this.#through(step);
        await begin(id);
        return done;
      }),
    );
  }

  /** This process ends, and not of what it is at. */
  async takeBack(): Promise<void> {
    const at = this.#at;
    this.#at = undefined;
    if (at) await this.#begunWork.takeBack(at.queue, { job: at.job, process: this.#process });
  }

  async #begin(queue: QueueName, work: { job: string; by: string; token: string }): Promise<void> {
    this.#at = { queue, job: work.job };
    const outcome = await this.#begunWork.beginApart(queue, { ...work, process: this.#process });
    if (outcome === 'begun') return;
    this.#at = undefined;
    throw outcome === 'busy' ? new LineFull('another worker is at the message') : new Poison();
  }

  async #through<T>(work: () => Promise<T>): Promise<T> {
    try {
      const done = await work();
      const at = this.#at;
      this.#at = undefined;
      if (at) await this.#begunWork.end(at.queue, at.job);
      return done;
    } catch (error) {
      await this.takeBack();
      throw error;
    }
  }
}
