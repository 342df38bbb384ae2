import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv, promisify } from 'node:util';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const child = fileURLToPath(new URL('check-settings-process.ts', import.meta.url));

/** Settings of `npm start` itself, which `.env.example` does not list. */
const START_SETTINGS = ['PROSAAS_DATA_DIR'];

/** Its message has a line for each value that a service rejects, and for each mistyped name. */
class InvalidSettingsError extends Error {
  override name = 'InvalidSettingsError';
}

/** Checks the environment, and the names in `.env`, for all services at once. @throws InvalidSettingsError */
export async function checkSettings(
  env: NodeJS.ProcessEnv,
  say: (line: string) => void,
  envFile: string = join(repository, '.env'),
): Promise<void> {
  const inFile = existsSync(envFile) ? Object.keys(parseEnv(readFileSync(envFile, 'utf8'))) : [];
  const ours = Object.keys(env).filter((name) => name.startsWith('PROSAAS_'));
  const { mistyped, others } = unknownNames([...new Set([...inFile, ...ours])], knownNames());
  if (others.length > 0) say(`names that are no settings of ProSaaS: ${others.join(', ')}`);
  const faults = [...(await refusedSettings(env)), ...mistyped];
  if (faults.length > 0) throw new InvalidSettingsError(`the settings are wrong:\n  ${faults.join('\n  ')}`);
}

async function refusedSettings(env: NodeJS.ProcessEnv): Promise<string[]> {
  const args = ['--conditions=@prosaas/source', child];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  return JSON.parse(stdout) as string[];
}

/** `.env.example` lists them all; each may come from the file that `NAME_FILE` names. */
function knownNames(): string[] {
  const listed = readFileSync(join(repository, '.env.example'), 'utf8').matchAll(/^#([A-Z][A-Z0-9_]*)=/gm);
  const names = Array.from(listed, ([, name = '']) => name);
  return [...START_SETTINGS, ...names, ...names.map((name) => `${name}_FILE`)];
}

/** Sorts unknown names into messages about mistyped ones, and names that are not like any setting. */
export function unknownNames(
  names: readonly string[],
  known: readonly string[],
): { mistyped: string[]; others: string[] } {
  const mistyped: string[] = [];
  const others: string[] = [];
  for (const name of names.filter((one) => !known.includes(one))) {
    const [nearest] = known
      .map((one) => ({ one, distance: editDistance(name.toUpperCase(), one) }))
      .filter(({ one, distance }) => distance <= Math.max(1, Math.floor(one.length / 4)))
      .toSorted((a, b) => a.distance - b.distance);
    if (nearest) mistyped.push(`${name} is no setting; did you mean ${nearest.one}?`);
    else others.push(name);
  }
  return { mistyped, others };
}

/** Levenshtein distance. */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [at, letter] of Array.from(one).entries()) {
    const next = [at + 1];
    for (const [place, second] of Array.from(other).entries()) {
      const changed = row[place]! + (letter === second ? 0 : 1);
      next.push(Math.min(changed, row[place + 1]! + 1, next[place]! + 1));
    }
    row = next;
  }
  return row.at(-1)!;
}
