import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Ended, runSource } from './process.ts';

/** Runs `prosaas-check` as a process. Each case has a state file of its own. */
export class AlertCheck {
  readonly #folder: string;
  readonly #env: Record<string, string>;

  constructor(folder: string, env: Record<string, string>) {
    this.#folder = folder;
    this.#env = env;
  }

  run(readings: string, ...args: string[]): Promise<Ended> {
    const options = { env: this.#env, args: ['--state', this.stateFile(readings), ...args] };
    return runSource('apps/api/src/check.ts', options);
  }

  /** Moves the readings into the past, as if seconds had passed since the last run. */
  async pass(readings: string, seconds: number): Promise<void> {
    const file = this.stateFile(readings);
    const state = JSON.parse(await readFile(file, 'utf8')) as { readings: { at: number }[] };
    for (const reading of state.readings) reading.at -= seconds;
    await writeFile(file, JSON.stringify(state));
  }

  stateFile(readings: string): string {
    return join(this.#folder, `${readings}.json`);
  }
}

/** The result if all is well: one line. */
export const well: unknown = {
  code: 0,
  stdout: expect.stringMatching(/^PROSAAS OK: [^\n]*\n$/),
  stderr: '',
};

/** The result with faults. `lines` match the lines after the first one, one for each fault. */
export function alarm(code: 1 | 2 | 3, ...lines: RegExp[]): unknown {
  const state = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'][code];
  const faults = lines.map(({ source }) => `${source}\\n`).join('');
  const all = new RegExp(`^PROSAAS ${state}: [^\\n]*\\n${faults}$`);
  return { code, stdout: expect.stringMatching(all), stderr: '' };
}
