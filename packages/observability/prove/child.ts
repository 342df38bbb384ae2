import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Killed when this process exits. After a SIGKILL of this process they exit because their stdin closes. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A process under test. It takes commands on stdin and answers on stdout. */
export class Child {
  readonly exited: Promise<void>;
  /** Resolves when the process has begun its work. */
  readonly working: Promise<void>;
  #child: ChildProcess;
  #commands = 0;
  #waiting = new Map<string, { line: (text: string) => void; gone: (error: Error) => void }>();
  #isWorking = false;
  #isOver = false;
  #mayEnd = false;

  constructor(script: string, options: object, clockMs: number) {
    const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
    this.#child = spawn(
      process.execPath,
      ['--conditions=@prosaas/source', '--import', path('clock.ts'), path(script), JSON.stringify(options)],
      { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, PROVE_CLOCK_MS: String(clockMs) } },
    );
    running.add(this.#child);
    const working = Promise.withResolvers<void>();
    this.working = working.promise;
    this.exited = new Promise((resolve) => {
      this.#child.once('exit', () => {
        running.delete(this.#child);
        this.#isOver = true;
        const gone = new Error(`${script} has ended`);
        if (!this.#mayEnd) throw new Error(`${script} ${JSON.stringify(options)} ended by itself`);
        for (const command of this.#waiting.values()) command.gone(gone);
        this.#waiting.clear();
        working.reject(gone);
        resolve();
      });
    });
    this.working.catch(() => undefined);
    this.#child.stdin!.on('error', () => undefined);
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      if (line === 'counting') {
        this.#isWorking = true;
        working.resolve();
      }
      const space = line.indexOf(' ');
      this.#waiting.get(line.slice(0, space))?.line(line.slice(space + 1));
    });
  }

  get isWorking(): boolean {
    return this.#isWorking && !this.#isOver;
  }

  /** Sends a command and resolves to the answer. */
  command(...words: (string | number)[]): Promise<string> {
    return this.exchange(...words).next();
  }

  /** Sends a command that is answered with several lines. */
  exchange(...words: (string | number)[]): { next(): Promise<string> } {
    const id = String(++this.#commands);
    const lines: PromiseWithResolvers<string>[] = [];
    let answered = 0;
    let asked = 0;
    const at = (i: number): PromiseWithResolvers<string> => {
      if (!lines[i]) {
        lines[i] = Promise.withResolvers();
        lines[i].promise.catch(() => undefined);
      }
      return lines[i];
    };
    this.#waiting.set(id, {
      line: (text) => at(answered++).resolve(text),
      gone: (error) => {
        for (let i = answered; i < answered + 3; i++) at(i).reject(error);
      },
    });
    this.#child.stdin!.write(`${id} ${words.join(' ')}\n`);
    return { next: () => at(asked++).promise };
  }

  kill(signal: NodeJS.Signals): void {
    if (!this.#isOver) this.#child.kill(signal);
  }

  /** Lets it exit cleanly. */
  async leave(): Promise<void> {
    this.#mayEnd = true;
    this.command('leave').catch(() => undefined);
    await this.exited;
  }

  async end(): Promise<void> {
    this.#mayEnd = true;
    this.kill('SIGKILL');
    await this.exited;
  }
}
