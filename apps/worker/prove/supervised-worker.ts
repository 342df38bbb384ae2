import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type Random, poll } from '@prosaas/devstack';
import { type Ledger, FakeBaileys } from './fake-baileys.ts';
import type { Frozen } from './broken-promises.ts';

const deadly = new URL('../test/deadly-fetch.ts', import.meta.url).href;

/** A worker process with a simulated baileys service of its own, restarted whenever it exits. */
export class SupervisedWorker implements AsyncDisposable {
  readonly #peer: FakeBaileys;
  readonly #script: string;
  readonly #env: Record<string, string>;
  #child: ChildProcess;
  #ending = false;
  /** Exits that no kill explains: broken promises. */
  readonly unexpected: string[] = [];
  /** Unix ms of each kill, by pid. */
  readonly killed = new Map<number, number>();
  readonly frozen: Frozen[] = [];

  private constructor(peer: FakeBaileys, script: string, env: Record<string, string>) {
    this.#peer = peer;
    this.#script = script;
    this.#env = { ...env, BAILEYS_URL: peer.url };
    this.#child = this.#start();
  }

  /** `script`: path of the worker's bundle. */
  static async start(
    script: string,
    env: Record<string, string>,
    ledger: Ledger,
    random: Random,
  ): Promise<SupervisedWorker> {
    return new SupervisedWorker(await FakeBaileys.start(ledger, random), script, env);
  }

  /** Lets the worker run for a while, waits until it has an active job, kills it at once, and restarts it. */
  async killAtWork(afterMs: number): Promise<void> {
    await this.#atWork();
    await delay(afterMs);
    await this.#atWork();
    const victim = this.#child;
    const gone = once(victim, 'exit');
    this.#ending = true;
    this.killed.set(victim.pid!, Date.now());
    victim.kill('SIGKILL');
    await gone;
    this.#ending = false;
    this.#child = this.#start();
  }

  /** Waits until the worker has an active job, and freezes it for `ms`. Afterwards it continues jobs that others have taken over. */
  async freezeAtWork(ms: number): Promise<void> {
    await this.#atWork();
    const frozen = this.#child;
    const from = Date.now();
    frozen.kill('SIGSTOP');
    await delay(ms);
    frozen.kill('SIGCONT');
    this.frozen.push({ worker: frozen.pid!, from, to: Date.now() });
  }

  /** Kills a child process of the worker and adds its job to `victims`; false if no child runs a job that is not yet a victim. */
  async killChild(victims: Set<string>): Promise<boolean> {
    const { pid } = this.#child;
    const read = (path: string): Promise<string> => readFile(`/proc/${path}`, 'utf8').catch(() => '');
    for (const child of (await read(`${pid}/task/${pid}/children`)).split(' ').filter(Boolean)) {
      // `node <script> <row> <release> <time limit>`
      const job = (await read(`${child}/cmdline`)).split('\0').at(-4);
      if (job === undefined || victims.has(job)) continue;
      victims.add(job);
      return process.kill(Number(child), 'SIGKILL');
    }
    return false;
  }

  /** Whether the worker has an active job. */
  get isBusy(): boolean {
    return this.#peer.open > 0;
  }

  #atWork(): Promise<unknown> {
    const what = 'a worker with jobs active';
    return poll(() => this.isBusy, { everyMs: 1, timeoutMs: 120_000, what });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending = true;
    const { exitCode, signalCode } = this.#child;
    const gone = exitCode === null && signalCode === null ? once(this.#child, 'exit') : undefined;
    this.#child.kill('SIGTERM');
    await gone;
    await this.#peer[Symbol.asyncDispose]();
  }

  #start(): ChildProcess {
    const child = fork(this.#script, {
      env: { ...process.env, NODE_OPTIONS: `--import ${deadly}`, ...this.#env },
      execArgv: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    child.once('exit', (code, signal) => {
      if (this.#ending) return;
      // Killed by a job: restart it, as an orchestrator does.
      if (signal !== 'SIGKILL') this.unexpected.push(`a worker ended by itself: ${code ?? signal}`);
      this.#child = this.#start();
    });
    return child;
  }
}
