import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
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

interface Noted {
  queue: QueueName;
  job: string;
}

/** Between two tries to take back what is owed. */
const SETTLE_MS = 1000;

/**
 * Notes in Redis what this process is at, before it is: the job, and instead of it each message that is another job's. A note
 * outlives a process that dies, also one that takes its worker with it; one that lives takes back what it noted.
 */
export class AtWork {
  readonly #begunWork: BegunWork;
  readonly #process = randomUUID();
  /** The one that is noted, which Redis has said. */
  #current: Noted | undefined;
  /** Notes to be taken back, or that may be there: Redis went away before it answered. By queue and job. */
  readonly #owed = new Map<string, Noted>();
  #settling: Promise<void> | undefined;
  #isBusy = false;
  #isEnding = false;

  constructor(begunWork: BegunWork) {
    this.#begunWork = begunWork;
  }

  /** It has notes to take back, and tries to while nothing runs: if it ended now, that would look like its death. */
  get isOwing(): boolean {
    return this.#owed.size > 0;
  }

  /** Rejects with `Poison` what its sandboxes did not survive. */
  async run(
    { id, queue, token }: Pick<SandboxedJob, 'id' | 'queue' | 'token'>,
    work: (around: Around) => Promise<void>,
  ): Promise<void> {
    this.#isBusy = true;
    await this.#settling;
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
        if (done && !isOwn) await this.#end({ queue, job: messageId });
        return done;
      });
      await this.#end({ queue, job: id });
    } finally {
      this.#isBusy = false;
      await this.#takeBack().catch(() => {
        this.#settling ??= this.#settle().finally(() => (this.#settling = undefined));
      });
    }
  }

  /** This process ends, and not of what it is at. */
  async lastWord(): Promise<void> {
    this.#isEnding = true;
    await this.#takeBack();
  }

  async #note(queue: QueueName, work: { job: string; by: string; token: string }): Promise<void> {
    const noted = { queue, job: work.job };
    if (this.#isAt(noted)) return;
    await this.#takeBack();
    if (this.#isEnding) throw new Stopping('the sandbox ends');
    this.#owed.set(keyOf(noted), noted);
    const outcome = await this.#begunWork.beginApart(queue, { ...work, process: this.#process });
    this.#owed.delete(keyOf(noted));
    if (outcome === 'busy') throw new LineFull('another worker is at the message');
    if (outcome === 'condemned') throw new Poison();
    this.#current = noted;
  }

  async #end({ queue, job }: Noted): Promise<void> {
    await this.#begunWork.end(queue, job);
    if (this.#isAt({ queue, job })) this.#current = undefined;
  }

  #isAt({ queue, job }: Noted): boolean {
    return this.#current?.queue === queue && this.#current.job === job;
  }

  async #takeBack(): Promise<void> {
    if (this.#current) this.#owed.set(keyOf(this.#current), this.#current);
    this.#current = undefined;
    for (const [key, { queue, job }] of this.#owed) {
      await this.#begunWork.takeBack(queue, { job, who: this.#process });
      this.#owed.delete(key);
    }
  }

  async #settle(): Promise<void> {
    while (this.isOwing && !this.#isBusy && !this.#isEnding) {
      await delay(SETTLE_MS);
      if (!this.#isBusy) await this.#takeBack().catch(() => {});
    }
  }
}

const keyOf = ({ queue, job }: Noted): string => `${queue}:${job}`;
