import { once } from 'node:events';
import { type IncomingMessage, get } from 'node:http';
import fastify from 'fastify';
import { afterEach, expect, test } from 'vitest';
import { httpMetrics, instrumentHttp } from '../instruments/http.ts';
import { defineCatalogue } from '../metrics/catalogue.ts';
import { MetricsRegistry } from '../metrics/registry.ts';
import { livenessProbes } from './standard-probes.ts';
import { HealthRegistry } from './registry.ts';
import { healthRoutes } from './routes.ts';

let cleanup = new AsyncDisposableStack();
afterEach(async () => {
  await cleanup.disposeAsync();
  cleanup = new AsyncDisposableStack();
});

async function listen(): Promise<{
  url: string;
  counted: () => number | undefined;
  hooked: () => number;
}> {
  const registry = new MetricsRegistry(defineCatalogue(httpMetrics()));
  const app = fastify({ return503OnClosing: false });
  cleanup.defer(() => app.close());
  instrumentHttp(app, { registry });
  let hooks = 0;
  app.addHook('onRequest', (_request, _reply, done) => {
    hooks += 1;
    done();
  });
  const health = cleanup.use(new HealthRegistry());
  await app.register(healthRoutes, { health, probes: livenessProbes(), livenessFirst: true });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const column = 'c["http_requests",{"code":"200","method":"GET","route":"/healthz"}]';
  const counted = (): number | undefined => {
    const { columns, values } = registry.collect();
    return values[columns.indexOf(column)];
  };
  return { url, counted, hooked: () => hooks };
}

test('liveness is answered before any hook, with the body and headers of its route, and is counted', async () => {
  const { url, counted, hooked } = await listen();
  const first = await fetch(`${url}/healthz`);
  expect([first.status, await first.text(), hooked(), counted()]).toEqual([200, '{"status":"ok"}', 0, 1]);
  const routed = await fetch(`${url}/healthz?x`);
  expect([await routed.text(), hooked(), counted()]).toEqual(['{"status":"ok"}', 1, 2]);
  for (const name of [
    'content-type',
    'content-length',
    'cache-control',
    'x-content-type-options',
    'connection',
  ])
    expect(first.headers.get(name)).toBe(routed.headers.get(name));
  expect(await (await fetch(`${url}/livez`)).text()).toBe('ok');
});

test.each<[string, string, RequestInit, number]>([
  ['another method', '/healthz', { method: 'POST' }, 405],
  ['HEAD', '/healthz', { method: 'HEAD' }, 200],
  ['another content type', '/healthz', { headers: { accept: 'application/health+json' } }, 200],
  ['a request with an x-request-id', '/healthz', { headers: { 'x-request-id': 'a' } }, 200],
  ['another path', '/healthzz', {}, 404],
])('%s goes to the routes', async (_case, path, init, status) => {
  const { url, hooked } = await listen();
  expect((await fetch(url + path, init)).status).toBe(status);
  expect(hooked()).toBe(1);
});

test('an upgrade request goes to the routes', async () => {
  const { url, hooked } = await listen();
  const request = get(`${url}/healthz`, { headers: { connection: 'upgrade', upgrade: 'websocket' } });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  expect([response.statusCode, hooked()]).toEqual([200, 1]);
  response.resume();
});
