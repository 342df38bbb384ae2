import { randomUUID } from 'node:crypto';
import type { BegunWork, QueueName } from '@prosaas/queues';
import { AppError } from '@prosaas/runtime';
import { LineFull } from '../keyed-mutex.ts';
import { Stopping } from '../verdict.ts';
import type { Around } from '../work-off.ts';
import type { SandboxedJob } from './protocol.ts';

/** Processes died of it one after the other, the last ones set apart for it alone. */
export class Poison extends AppError {
  override code = 'POISON';

  constructor() {
    super(
      'the processes that worked on this ended under it, one after the other, also those that it was set apart in',
    );
  }
}

/**
 * Notes in Redis what this process is at, before it is: the job, and instead of it each message that is another job's. A note
 * outlives a process that dies, also one that takes its worker with it; one that lives takes back what it noted.
 */
export class AtWork {
  readonly #begunWork: BegunWork;
  readonly #process = randomUUID();
  /** Jobs whose messages are noted, or may be: Redis may go away before it answers. By queue and id. */
  readonly #noted = new Map<string, { queue: QueueName; job: string }>();
  #isEnding = false;

  constructor(begunWork: BegunWork) {
    this.#begunWork = begunWork;
  }

  /** Rejects with `Poison` what its sandboxes did not survive. */
  async run(
    { id, queue, token }: Pick<SandboxedJob, 'id' | 'queue' | 'token'>,
    work: (around: Around) => Promise<void>,
  ): Promise<void> {
    const note = (job: string): Promise<void> => this.#note(queue, { job, by: id, token });
    let isOwnDone = false;
    try {
      await note(id);
      await work(async (messageId, step) => {
        const isOwn = messageId === id;
        if (isOwnDone && !isOwn) throw new LineFull('what comes after its own is for the workers');
        isOwnDone = isOwn;
        await note(messageId);
        const done = await step();
        if (!isOwn) await this.#end(queue, messageId);
        return done;
      });
      await this.#end(queue, id);
    } finally {
      // Where Redis is away, before the next one.
      await this.#takeBack().catch(() => {});
    }
  }

  /** This process ends, and not of what it is at. */
  async lastWord(): Promise<void> {
    this.#isEnding = true;
    await this.#takeBack();
  }

  async #note(queue: QueueName, work: { job: string; by: string; token: string }): Promise<void> {
    const key = `${queue}:${work.job}`;
    if (this.#noted.size === 1 && this.#noted.has(key)) return;
    await this.#takeBack();
    if (this.#isEnding) throw new Stopping('the sandbox ends');
    this.#noted.set(key, { queue, job: work.job });
    const outcome = await this.#begunWork.beginApart(queue, { ...work, process: this.#process });
    if (outcome === 'begun') return;
    this.#noted.delete(key);
    throw outcome === 'busy' ? new LineFull('another worker is at the message') : new Poison();
  }

  async #end(queue: QueueName, job: string): Promise<void> {
    await this.#begunWork.end(queue, job);
    this.#noted.delete(`${queue}:${job}`);
  }

  async #takeBack(): Promise<void> {
    for (const [key, { queue, job }] of this.#noted) {
      await this.#begunWork.takeBack(queue, { job, process: this.#process });
      this.#noted.delete(key);
    }
  }
}
