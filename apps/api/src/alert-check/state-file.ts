import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { type Reading, watchedCounters } from './readings.ts';
import { parseJson } from '../parse-json.ts';

const State = Type.Object({
  prosaas_check: Type.Literal(1),
  readings: Type.Array(
    Type.Object({
      at: Type.Number(),
      since: Type.Number(),
      counters: Type.Record(Type.Enum(watchedCounters), Type.Number()),
    }),
  ),
});

/** One file per user and api, so that readings are not mixed up. */
export function defaultStateFile(url: string): string {
  const place = url.replace(/^https?:\/\//, '').replaceAll(/[^\w.-]/g, '-');
  return join(tmpdir(), `prosaas-check-${process.getuid?.() ?? 'user'}-${place}.json`);
}

/** Throws if the file holds something else. */
export async function readState(file: string): Promise<Reading[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const state: unknown = parseJson(text);
  if (Value.Check(State, state)) return state.readings;
  throw new Error('it does not hold readings of this check');
}

/** Replaces the file atomically. `wx` does not write to a file that another user has placed in the temporary folder. */
export async function writeState(file: string, readings: readonly Reading[]): Promise<void> {
  const next = `${file}.${process.pid}`;
  await rm(next, { force: true });
  const text = `${JSON.stringify({ prosaas_check: 1, readings })}\n`;
  await writeFile(next, text, { flag: 'wx', mode: 0o600 });
  try {
    await rename(next, file);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  }
}
