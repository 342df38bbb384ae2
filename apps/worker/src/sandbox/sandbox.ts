import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Logger } from '@prosaas/runtime';
import { KeyedMutex } from '../keyed-mutex.ts';
import { Stopping } from '../verdict.ts';
import { Judged } from './judged.ts';
import type { SandboxedJob } from './protocol.ts';
import { stay } from './stay.ts';

/** Without a job for so long the process ends; the next one starts another. */
const IDLE_MS = 60_000;
/** And for so long one that owes Redis a word, which it gives when Redis is back. */
const OWING_MS = 600_000;
/** After this a job comes back under which the process ended, or could not start. */
const PAUSE_MS = 2000;
/** Jobs that wait for it, each in a slot of the worker; the rest goes back to its queue. */
const MAX_WAITING = 4;

/**
 * A process of its own for jobs under which workers died: one at a time, so that when it dies there is no doubt under which. It runs
 * the same handlers as the worker does, with clients of its own, notes what it is at (`AtWork`), and dies with the worker. One in
 * which a job failed does no other, unless it owes Redis a word.
 */
export class Sandbox implements AsyncDisposable {
  readonly #script: URL;
  readonly #log: Logger;
  readonly #line = new KeyedMutex({ maxWaiting: MAX_WAITING });
  #child: ChildProcess | undefined;
  #isEnding = false;
  /** Not to be ended before it has settled with Redis. */
  #isOwing = false;
  #idle: NodeJS.Timeout | undefined;

  constructor({ script, log }: { script: URL; log: Logger }) {
    this.#script = script;
    this.#log = log;
  }

  /**
   * Resolves when the job is done. Rejects with `LineFull` while too many wait, with `Stopping` when the worker stops, else with
   * `Judged`: as the process judged, or back to its queue where that ended under the job.
   */
  async run(job: SandboxedJob, signal: AbortSignal): Promise<void> {
    await this.#line.run('', signal, async () => {
      if (this.#isEnding) throw new Stopping('the worker stops');
      clearTimeout(this.#idle);
      try {
        await this.#do(job, signal);
      } finally {
        const idleMs = this.#isOwing ? OWING_MS : IDLE_MS;
        this.#idle = setTimeout(() => void this.#end(), idleMs).unref();
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    clearTimeout(this.#idle);
    await this.#end();
  }

  async #do(job: SandboxedJob, signal: AbortSignal): Promise<void> {
    const ending = await stay(this.#process(job), job, signal);
    if ('how' in ending) {
      // A worker that stops ends it, whatever it was at.
      if (this.#isEnding || signal.reason instanceof Stopping) throw new Stopping('the worker stops');
      throw this.#ended(ending.how, job);
    }
    const { verdict, error = '', isOwing } = ending;
    this.#isOwing = isOwing;
    if (!verdict) return;
    // What a job that failed leaves behind is not to be the next one's end.
    if (verdict.kind !== 'hand-back' && !isOwing) await this.#end();
    throw new Judged(error, verdict);
  }

  #ended(how: unknown, { id, queue }: SandboxedJob): Judged {
    this.#log.error(
      { how, queue, job_id: id },
      'the sandbox ended under its job, which goes back to its queue',
    );
    return new Judged('the sandbox ended', { kind: 'hand-back', afterMs: PAUSE_MS });
  }

  #process(job: SandboxedJob): ChildProcess {
    try {
      return (this.#child ??= this.#start());
    } catch (error) {
      // The machine has no memory or no processes left.
      throw this.#ended(error, job);
    }
  }

  #start(): ChildProcess {
    this.#isOwing = false;
    const child = fork(this.#script, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#log.info({ pid: child.pid }, 'a sandbox was started for jobs under which workers died');
    const forget = (): void => {
      if (this.#child === child) this.#child = undefined;
    };
    child.once('exit', forget).on('error', forget);
    return child;
  }

  async #end(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    const gone = once(child, 'exit');
    // It ends when the worker lets go of it.
    if (child.connected) child.disconnect();
    const limit = setTimeout(() => child.kill('SIGKILL'), 2000);
    await gone;
    clearTimeout(limit);
  }
}
