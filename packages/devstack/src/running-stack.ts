import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where `npm start` keeps its data and running.json. */
export function dataFolder(): string {
  return resolve(repository, process.env['PROSAAS_DATA_DIR'] || '.data');
}

const repository = fileURLToPath(new URL('../../../', import.meta.url));

export interface RunningStack {
  api: string;
  baileys: string;
  databaseUrl: string;
  /** Only with `npm start -- --simulator`. */
  simulator?: string;
}

/** The stack of `npm start`; undefined if none runs. */
export function runningStack(): RunningStack | undefined {
  try {
    const noted = JSON.parse(
      readFileSync(join(dataFolder(), 'running.json'), 'utf8'),
    ) as Partial<RunningStack>;
    return noted.databaseUrl === undefined ? undefined : (noted as RunningStack);
  } catch {
    return undefined;
  }
}

/** Runs a command of the api. Without a stack, it uses the settings of the environment. */
export function runApiCommand(
  name: 'keys' | 'jobs' | 'check',
  args: string[],
  stack: RunningStack | undefined,
  stdout: 'inherit' | 'pipe' = 'inherit',
): { status: number; stdout: string } {
  if (existsSync(join(repository, '.env'))) process.loadEnvFile(join(repository, '.env'));
  const script = join(repository, 'apps', 'api', 'src', `${name}.ts`);
  const result = spawnSync(process.execPath, ['--conditions=@prosaas/source', script, ...args], {
    stdio: ['ignore', stdout, 'inherit'],
    encoding: 'utf8',
    env: {
      ...process.env,
      ...(stack && { DATABASE_URL: stack.databaseUrl, API_PORT: new URL(stack.api).port }),
    },
  });
  return { status: result.status ?? 1, stdout: result.stdout ?? '' };
}
