import { randomBytes } from 'node:crypto';
import { createDatabase } from './postgres.ts';

/**
 * A new empty database in the one PostgreSQL of this test run; it goes with the run. The vitest set-up starts the server when
 * the first test asks; DEVSTACK_POSTGRES_URL names another one.
 */
export async function testDatabase(): Promise<string> {
  const server = await testPostgresUrl();
  const url = new URL(server);
  const name = `test_${randomBytes(6).toString('hex')}`;
  await createDatabase(server, name);
  url.pathname = `/${name}`;
  return url.href;
}

let known: Promise<string> | undefined;

function testPostgresUrl(): Promise<string> {
  known ??= ask();
  return known;
}

async function ask(): Promise<string> {
  const configured = process.env['DEVSTACK_POSTGRES_URL'];
  if (configured) return configured;
  const broker = process.env['DEVSTACK_BROKER_URL'];
  if (!broker) throw new Error("testDatabase() needs vitest's global set-up, or DEVSTACK_POSTGRES_URL");
  const response = await fetch(broker);
  const text = await response.text();
  if (!response.ok) throw new Error(`the PostgreSQL of this test run did not start: ${text}`);
  return text;
}
