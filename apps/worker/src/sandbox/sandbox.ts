import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Logger } from '@prosaas/runtime';
import { Stopping } from '../verdict.ts';
import { Judged, Poison } from './judged.ts';
import type { Order, Report, SandboxedJob } from './protocol.ts';

/** A job that was aborted has so long to end by itself. */
const ABORT_GRACE_MS = 10_000;
/** Without a job for so long the process ends; the next one starts another. */
const IDLE_MS = 60_000;

/**
 * A process of its own for jobs under which workers died: one at a time, so that when it dies there is no doubt under which. It runs
 * the same handlers as the worker does, with clients of its own, and dies with the worker.
 */
export class Sandbox implements AsyncDisposable {
  readonly #script: URL;
  readonly #log: Logger;
  #child: ChildProcess | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;

  constructor({ script, log }: { script: URL; log: Logger }) {
    this.#script = script;
    this.#log = log;
  }

  /**
   * Resolves when the job is done. Rejects with `Judged`, with `Poison` when the process ended under it, or with the signal's
   * reason when it was aborted before its turn.
   */
  run(job: SandboxedJob, signal: AbortSignal): Promise<void> {
    const before = this.#turn;
    const turn = (async () => {
      await before;
      signal.throwIfAborted();
      clearTimeout(this.#idle);
      try {
        await this.#runNow(job, signal);
      } finally {
        this.#idle = setTimeout(() => void this.#end(), IDLE_MS).unref();
      }
    })();
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#idle);
    await this.#end();
  }

  async #runNow(job: SandboxedJob, signal: AbortSignal): Promise<void> {
    const child = (this.#child ??= this.#start());
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let grace: NodeJS.Timeout | undefined;
    let messageId: string | undefined;
    const onMessage = (report: Report): void => {
      if (report.id !== job.id) return;
      if (report.type === 'working') messageId = report.messageId;
      else if (report.verdict === undefined) resolve();
      else reject(new Judged(report.error ?? '', report.verdict));
    };
    const onGone = (): void => {
      // A worker that stops ends it, whatever it was at.
      if (signal.reason instanceof Stopping) return reject(signal.reason);
      const how = child.signalCode ?? `code ${child.exitCode}`;
      const text = `workers died under this, and the sandbox that it was set apart in ended with ${how}`;
      reject(new Poison(text, messageId));
    };
    // At its exit its last word may not be read; it is once the channel has ended.
    const onExit = (): void => void (child.connected ? child.once('disconnect', onGone) : onGone());
    const send = (order: Order): void => void child.send(order, () => {});
    const onAbort = (): void => {
      send({ type: 'abort', id: job.id, because: signal.reason instanceof Stopping ? 'stopping' : 'time' });
      grace = setTimeout(() => child.kill('SIGKILL'), ABORT_GRACE_MS);
    };
    child.on('message', onMessage).once('exit', onExit);
    signal.addEventListener('abort', onAbort, { once: true });
    send({ type: 'run', ...job });
    try {
      await promise;
    } finally {
      clearTimeout(grace);
      child.off('message', onMessage).off('exit', onExit).off('disconnect', onGone);
      signal.removeEventListener('abort', onAbort);
    }
  }

  #start(): ChildProcess {
    const child = fork(this.#script, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#log.info({ pid: child.pid }, 'a sandbox was started for jobs under which workers died');
    child.once('exit', () => {
      if (this.#child === child) this.#child = undefined;
    });
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
