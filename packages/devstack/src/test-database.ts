import { randomBytes } from 'node:crypto';
import { createDatabase } from './postgres.ts';
import { askTestRun } from './test-run-broker.ts';

/**
 * Creates an empty database in the PostgreSQL of this test run, which is removed after the run. The vitest set-up starts the server when
 * the first test asks for it. DEVSTACK_POSTGRES_URL names another server.
 */
export async function testDatabase(): Promise<string> {
  const server = await testPostgresUrl();
  const url = new URL(server);
  const name = `test_${randomBytes(6).toString('hex')}`;
  await createDatabase(server, name);
  url.pathname = `/${name}`;
  return url.href;
}

let serverUrl: Promise<string> | undefined;

function testPostgresUrl(): Promise<string> {
  serverUrl ??= findServerUrl();
  return serverUrl;
}

async function findServerUrl(): Promise<string> {
  const configured = process.env['DEVSTACK_POSTGRES_URL'];
  if (configured) return configured;
  const url = await askTestRun('/postgres');
  if (url === undefined)
    throw new Error("testDatabase() needs vitest's global set-up, or DEVSTACK_POSTGRES_URL");
  return url;
}
