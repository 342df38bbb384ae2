import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePort, poll } from '@prosaas/devstack';
import { whatsappTrustPreload } from '@prosaas/simulators';

const script = fileURLToPath(new URL('baileys-process.ts', import.meta.url));

const SESSION = 'shop';
/** Loading the code takes long on a busy machine. */
const START_LIMIT_MS = 120_000;
const KEYS = {
  ADMIN_KEY: 'the-admin-key-of-tests',
  API_KEY: 'the-api-key-of-tests',
  METRICS_TOKEN: 'the-metrics-token',
  INTERNAL_SECRET: 'the-internal-secret',
};

/** The baileys service, which the proof kills and restarts. */
export class Baileys implements AsyncDisposable {
  readonly url: string;
  readonly #env: Record<string, string>;
  readonly #withFaults: boolean;
  #child: ChildProcess | undefined;
  #next: ChildProcess | undefined;
  /** Exits that no kill explains: broken promises. */
  readonly unexpected: string[] = [];

  static async open(env: Record<string, string>, withFaults: boolean): Promise<Baileys> {
    return new Baileys(await freePort(), env, withFaults);
  }

  private constructor(port: number, env: Record<string, string>, withFaults: boolean) {
    this.url = `http://127.0.0.1:${port}`;
    this.#env = { ...KEYS, ...env, BAILEYS_PORT: String(port) };
    this.#withFaults = withFaults;
  }

  /** Loads the code of the next process in advance, because that takes longer than the service's start. */
  prepare(): void {
    this.#next ??= this.#load();
  }

  #load(): ChildProcess {
    return fork(script, this.#withFaults ? ['--with-faults'] : [], {
      env: { PATH: process.env['PATH'], ...this.#env },
      execArgv: ['--conditions=@prosaas/source', '--import', whatsappTrustPreload.href],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
  }

  launch(deviceCacheMs: number): void {
    const child = this.#next ?? this.#load();
    this.#next = undefined;
    child.send({ deviceCacheMs });
    child.once('exit', (code, signal) => {
      if (this.#child === child) this.unexpected.push(`the service ended by itself: ${code ?? signal}`);
    });
    this.#child = child;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  /** Undefined if the service does not answer. */
  async ask(method: string, path: string, body?: object, key?: string): Promise<Response | undefined> {
    return fetch(new URL(path, this.url), {
      method,
      headers: {
        'x-api-key': KEYS.ADMIN_KEY,
        ...(key && { 'x-internal-secret': KEYS.INTERNAL_SECRET, 'idempotency-key': key }),
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    }).catch(() => undefined);
  }

  async createSession(): Promise<void> {
    const create = async (): Promise<boolean> =>
      (await this.ask('POST', '/api/sessions', { id: SESSION }))?.status === 201;
    await poll(create, { timeoutMs: START_LIMIT_MS, what: 'the session to be created' });
  }

  qr(): Promise<string> {
    const read = async (): Promise<string | undefined> => {
      const answer = await this.ask('GET', `/api/${SESSION}/auth/qr?format=raw`);
      return answer?.status === 200 ? answer.text() : undefined;
    };
    return poll(read, { what: 'the QR code' });
  }

  async untilWorking(): Promise<void> {
    const isWorking = async (): Promise<boolean> => {
      const answer = await this.ask('GET', `/api/sessions/${SESSION}`);
      return answer?.status === 200 && ((await answer.json()) as { status: string }).status === 'WORKING';
    };
    await poll(isWorking, { timeoutMs: START_LIMIT_MS, what: 'the session to work' });
  }

  /** True if WhatsApp has the message. */
  async sendText(key: string, chatId: string, text: string): Promise<boolean> {
    const answer = await this.ask('POST', '/api/sendText', { session: SESSION, chatId, text }, key);
    await answer?.body?.cancel().catch(() => {});
    return answer?.status === 200;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill('SIGTERM');
    this.#next?.kill('SIGKILL');
  }
}
