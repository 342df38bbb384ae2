import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Logger } from '@prosaas/runtime';
import { LineFull } from '../keyed-mutex.ts';
import { Stopping } from '../verdict.ts';
import { Judged, Poison } from './judged.ts';
import type { SandboxedJob } from './protocol.ts';
import { type Ending, stay } from './stay.ts';

/** Without a job for so long the process ends; the next one starts another. */
const IDLE_MS = 60_000;
/** After this a job comes back that the process did not get to. */
const BROKEN_PAUSE_MS = 5000;

/**
 * A process of its own for jobs under which workers died: one at a time, so that when it dies there is no doubt under which. It runs
 * the same handlers as the worker does, with clients of its own, and dies with the worker.
 */
export class Sandbox implements AsyncDisposable {
  readonly #script: URL;
  readonly #log: Logger;
  #child: ChildProcess | undefined;
  #isBusy = false;
  #isEnding = false;
  #idle: NodeJS.Timeout | undefined;

  constructor({ script, log }: { script: URL; log: Logger }) {
    this.#script = script;
    this.#log = log;
  }

  /**
   * Resolves when the job is done. Rejects with `LineFull` while another has the sandbox, with `Poison` when the process ended under
   * the job, with the signal's reason when the worker stops, else with `Judged`.
   */
  async run(job: SandboxedJob, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#isBusy) throw new LineFull('the sandbox has another job');
    this.#isBusy = true;
    clearTimeout(this.#idle);
    try {
      this.#settle(await stay(this.#process(), job, signal), signal);
    } finally {
      this.#isBusy = false;
      this.#idle = setTimeout(() => void this.#end(), IDLE_MS).unref();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    clearTimeout(this.#idle);
    await this.#end();
  }

  #settle(ending: Ending, signal: AbortSignal): void {
    if (ending.type === 'ended') {
      if (ending.verdict === undefined) return;
      // What a job that failed may have left behind is not to be the next one's end.
      if (ending.verdict.kind !== 'hand-back') void this.#end();
      throw new Judged(ending.error ?? '', ending.verdict);
    }
    // A worker that stops ends it, whatever it was at.
    if (this.#isEnding || signal.reason instanceof Stopping) throw new Stopping('the worker stops');
    const { how, hasBegun, messageId } = ending;
    if (hasBegun) {
      const text = `workers died under this, and the sandbox that it was set apart in ended with ${how}`;
      throw new Poison(text, messageId);
    }
    throw this.#broken(how);
  }

  #broken(how: unknown): Judged {
    this.#log.error({ how }, 'the sandbox did not come to its job, which goes back to its queue');
    return new Judged('the sandbox did not start', { kind: 'hand-back', afterMs: BROKEN_PAUSE_MS });
  }

  #process(): ChildProcess {
    try {
      return (this.#child ??= this.#start());
    } catch (error) {
      // The machine has no memory or no processes left.
      throw this.#broken(error);
    }
  }

  #start(): ChildProcess {
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
