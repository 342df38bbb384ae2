import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type Random, poll } from '@prosaas/devstack';
import { type Ledger, Peer } from './peer.ts';
import type { Frozen } from './verdict.ts';

const deadly = new URL('../test/deadly-fetch.ts', import.meta.url).href;

/** A worker process behind a door of its own, started anew whenever it ended. */
export class Place implements AsyncDisposable {
  readonly #peer: Peer;
  readonly #script: string;
  readonly #env: Record<string, string>;
  #child: ChildProcess;
  #ending = false;
  /** Exits that nobody ordered: broken promises. */
  readonly unexpected: string[] = [];
  /** When which process was killed at work. */
  readonly killed = new Map<number, number>();
  readonly frozen: Frozen[] = [];

  private constructor(peer: Peer, script: string, env: Record<string, string>) {
    this.#peer = peer;
    this.#script = script;
    this.#env = { ...env, BAILEYS_URL: peer.url };
    this.#child = this.#start();
  }

  /** `script`: the worker. */
  static async start(
    script: string,
    env: Record<string, string>,
    ledger: Ledger,
    random: Random,
  ): Promise<Place> {
    return new Place(await Peer.start(ledger, random), script, env);
  }

  /** Lets it work for a while, waits until it has a job under way that its peer knows of, kills it right then, and starts another. */
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

  /** Waits as long, and stops it for `ms`: it knows nothing of that, and goes on with jobs that others have taken over. */
  async freezeAtWork(ms: number): Promise<void> {
    await this.#atWork();
    const frozen = this.#child;
    const from = Date.now();
    frozen.kill('SIGSTOP');
    await delay(ms);
    frozen.kill('SIGCONT');
    this.frozen.push({ worker: frozen.pid!, from, to: Date.now() });
  }

  /** Kills a process that it runs for one job, and adds the job to `victims`; false where it has none for a job that is not there yet. */
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

  /** It has a job under way. */
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
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child.once('exit', (code, signal) => {
      if (this.#ending) return;
      // A job killed it: it is started anew, as an orchestrator does.
      if (signal !== 'SIGKILL') this.unexpected.push(`a worker ended by itself: ${code ?? signal}`);
      this.#child = this.#start();
    });
    return child;
  }
}
