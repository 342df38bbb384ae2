import { once } from 'node:events';
import { connect } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { expect, test } from 'vitest';
import { defineCatalogue } from '../metrics/catalogue.ts';
import { MetricsRegistry } from '../metrics/registry.ts';
import { parseColumn } from '../metrics/column.ts';
import { httpMetrics, instrumentHttp } from './http.ts';

interface Instrumented {
  app: FastifyInstance;
  counted(): Record<string, number>;
  inFlight(): number;
}

function build(routes: (app: FastifyInstance) => void): Instrumented {
  const registry = new MetricsRegistry(defineCatalogue(httpMetrics({ service: ['api', 'calls'] })));
  const app = fastify();
  instrumentHttp(app, { registry, labels: { service: 'api' } });
  routes(app);
  const read = (name: string): [Record<string, string>, number][] => {
    const { columns, values } = registry.collect();
    return columns.flatMap((column, i) => {
      const parsed = parseColumn(column);
      return parsed?.name === name ? [[parsed.labels, values[i]!] as [Record<string, string>, number]] : [];
    });
  };
  return {
    app,
    counted: () =>
      Object.fromEntries(
        read('http_requests').map(([{ service, method, route, code }, value]) => [
          `${service} ${method} ${route} ${code}`,
          value,
        ]),
      ),
    inFlight: () => read('http_requests_in_flight').reduce((sum, [, value]) => sum + value, 0),
  };
}

test('requests are counted by route template, and unmatched ones under one label', async () => {
  const { app, counted, inFlight } = build((to) => {
    to.get('/calls/:id', async () => 'a call');
    to.post('/calls', async (_request, reply) => reply.code(201).send('x'));
    to.register(async (inner) => void inner.get('/deep', async () => Promise.reject(new Error('no'))), {
      prefix: '/v1',
    });
    to.addHttpMethod('PROPFIND');
    to.route({ method: ['PUT', 'PROPFIND'], url: '/odd', handler: async () => 'odd' });
  });
  await app.inject('/calls/1');
  await app.inject('/calls/2');
  await app.inject({ method: 'HEAD', url: '/calls/3' });
  await app.inject({ method: 'POST', url: '/calls' });
  await app.inject('/v1/deep');
  await app.inject({ method: 'PUT', url: '/odd' });
  await app.inject({ method: 'PROPFIND' as 'PUT', url: '/odd' });
  for (const url of ['/wp-login.php', '/.env', '/calls/1/2/3']) await app.inject(url);
  expect(counted()).toEqual({
    'api GET /calls/:id 200': 2,
    'api HEAD /calls/:id 200': 1,
    'api POST /calls 201': 1,
    'api GET /v1/deep 500': 1,
    'api PUT /odd 200': 1,
    'api other /odd 200': 1,
    'api GET unknown 404': 3,
  });
  expect(inFlight()).toBe(0);
});

test('requests that a hook refuses are counted', async () => {
  const { app, counted } = build((to) => {
    to.addHook('onRequest', async (_request, reply) => reply.code(401).send('no'));
    to.get('/closed', async () => 'never');
  });
  await app.inject('/closed');
  expect(counted()).toEqual({ 'api GET /closed 401': 1 });
});

test('a request is in flight until its response ended or its client disconnected', async () => {
  let answer: () => void = () => undefined;
  const { app, counted, inFlight } = build((to) => {
    to.get('/slow', async () => {
      await new Promise<void>((resolve) => (answer = resolve));
      return 'at last';
    });
  });
  const url = new URL(await app.listen({ port: 0, host: '127.0.0.1' }));
  const client = connect(Number(url.port), url.hostname);
  await once(client, 'connect');
  client.write(`GET /slow HTTP/1.1\r\nHost: x\r\n\r\n`);
  await expect.poll(inFlight).toBe(1);
  client.destroy();
  await expect.poll(inFlight).toBe(0);
  expect(counted()).toEqual({ 'api GET /slow aborted': 1 });
  answer();

  const answered = fetch(new URL('/slow', url));
  await expect.poll(inFlight).toBe(1);
  answer();
  await (await answered).text();
  await expect.poll(inFlight).toBe(0);
  expect(counted()).toEqual({ 'api GET /slow aborted': 1, 'api GET /slow 200': 1 });
  await app.close();
});
