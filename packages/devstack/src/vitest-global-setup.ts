import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type PostgresServer, startPostgres } from './postgres.ts';
import { type ServiceName, bundleServices } from './service-program.ts';

/** What the test files of a run share, made when the first of them asks for it: one PostgreSQL, and the bundles of the services. */
export async function setup(): Promise<() => Promise<void>> {
  let postgres: Promise<PostgresServer> | undefined;
  let bundles: Promise<Record<ServiceName, string>> | undefined;
  const answers: Record<string, () => Promise<string>> = {
    '/postgres': async () => (await (postgres ??= startPostgres())).url,
    '/bundles': async () => JSON.stringify(await (bundles ??= bundleServices())),
  };
  const broker = createServer((request, response) => {
    const answer =
      answers[request.url ?? ''] ?? (() => Promise.reject(new Error(`no such path: ${request.url}`)));
    answer().then(
      (text) => response.end(text),
      (error: Error) => response.writeHead(500).end(error.message),
    );
  });
  broker.listen(0, '127.0.0.1');
  await once(broker, 'listening');
  broker.unref();
  process.env['DEVSTACK_BROKER_URL'] = `http://127.0.0.1:${(broker.address() as AddressInfo).port}`;
  return async () => {
    broker.close();
    broker.closeAllConnections();
    await (await postgres)?.[Symbol.asyncDispose]();
  };
}
