import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../../', import.meta.url));

export interface RunningStack {
  api: string;
  baileys: string;
  databaseUrl: string;
  /** Only with `npm start -- --simulator`. */
  simulator?: string;
}

/** What `npm start` runs here just now. */
export function runningStack(): RunningStack | undefined {
  try {
    const noted = JSON.parse(
      readFileSync(join(repository, '.data', 'running.json'), 'utf8'),
    ) as Partial<RunningStack>;
    return noted.databaseUrl === undefined ? undefined : (noted as RunningStack);
  } catch {
    return undefined;
  }
}

/** Runs the api's command that reads the keys. */
export function readKeys(
  args: string[],
  databaseUrl: string | undefined,
  stdout: 'inherit' | 'pipe',
): { status: number; stdout: string } {
  if (existsSync(join(repository, '.env'))) process.loadEnvFile(join(repository, '.env'));
  const command = [
    '--conditions=@prosaas/source',
    join(repository, 'apps', 'api', 'src', 'keys.ts'),
    ...args,
  ];
  const result = spawnSync(process.execPath, command, {
    stdio: ['ignore', stdout, 'inherit'],
    encoding: 'utf8',
    env: { ...process.env, ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }) },
  });
  return { status: result.status ?? 1, stdout: result.stdout ?? '' };
}
