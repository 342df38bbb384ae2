// Prints the generated keys that are in force: all as NAME=value, or the value of one.
import { createDatabase, readGeneratedKeys } from '@prosaas/database';
import { CommonConfig, ConfigError, KeysConfig, createLogger, loadConfig } from '@prosaas/runtime';

const log = createLogger({ service: 'api', instance: 'keys', level: 'silent' });

/** Names the database in errors, once the settings have been read. */
let databaseText = '';

try {
  const config = loadConfig(CommonConfig, process.env);
  const configured = loadConfig(KeysConfig, process.env);
  const { host, pathname } = new URL(config.DATABASE_URL);
  databaseText = ` (PostgreSQL at ${host}${pathname})`;
  if (!process.env['DATABASE_URL'] && !process.env['DATABASE_URL_FILE'])
    console.error(`DATABASE_URL is not set, and no npm start runs here: looking at ${host}${pathname}.`);
  await using db = createDatabase({
    url: config.DATABASE_URL,
    size: 1,
    applicationName: 'prosaas:keys',
    log,
  });
  const keys = await readGeneratedKeys(db);
  // A key that is set in the environment replaces the generated one.
  for (const name of Object.keys(configured)) keys.delete(name);
  const [wanted] = process.argv.slice(2);
  if (wanted === undefined) {
    for (const [name, value] of keys) console.log(`${name}=${value}`);
    if (keys.size === 0) console.error('No key in force was generated: all are set in the environment.');
  } else if (keys.has(wanted)) {
    console.log(keys.get(wanted));
  } else {
    console.error(`${wanted} was not generated, or is set in the environment.`);
    process.exitCode = 1;
  }
} catch (error) {
  const text =
    error instanceof ConfigError
      ? error.message
      : `The keys cannot be read: ${reasonOf(error)}${databaseText}. With Docker: docker compose exec api prosaas-keys`;
  console.error(text);
  process.exitCode = 1;
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
