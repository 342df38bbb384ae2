// `npm run keys`: the generated keys of the stack that `npm start` runs here.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../../', import.meta.url));

if (existsSync(join(repository, '.env'))) process.loadEnvFile(join(repository, '.env'));

function runningDatabase(): string | undefined {
  try {
    const lock = readFileSync(join(repository, '.data', 'running.json'), 'utf8');
    return (JSON.parse(lock) as { databaseUrl?: string }).databaseUrl;
  } catch {
    return undefined;
  }
}

const databaseUrl = runningDatabase() ?? process.env['DATABASE_URL'];
const { status } = spawnSync(
  process.execPath,
  [
    '--conditions=@prosaas/source',
    join(repository, 'apps', 'api', 'src', 'keys.ts'),
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit', env: { ...process.env, ...(databaseUrl && { DATABASE_URL: databaseUrl }) } },
);
process.exitCode = status ?? 1;
