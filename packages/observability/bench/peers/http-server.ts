// Serves /healthz as one peer: `node http-server.ts <peer>`; says its address to its parent.
import fastify, { type FastifyInstance } from 'fastify';
import prom from 'prom-client';
import { MetricsRegistry, defineCatalogue, httpMetrics, instrumentHttp } from '../../src/index.ts';

const instruments: Record<string, (app: FastifyInstance) => void> = {
  'no metrics': () => undefined,
  prosaas: (app) => instrumentHttp(app, { registry: new MetricsRegistry(defineCatalogue(httpMetrics())) }),
  'prom-client': (app) => {
    const inFlight = new prom.Gauge({ name: 'in_flight', help: 'In flight.' });
    const labelNames = ['method', 'route'];
    const duration = new prom.Histogram({ name: 'seconds', help: 'Time.', labelNames });
    const requests = new prom.Counter({
      name: 'requests',
      help: 'Requests.',
      labelNames: [...labelNames, 'status'],
    });
    app.addHook('onRequest', (_request, _reply, done) => {
      inFlight.inc();
      done();
    });
    app.addHook('onResponse', (request, reply, done) => {
      inFlight.dec();
      const labels = { method: request.method, route: request.routeOptions.url ?? 'unknown' };
      duration.observe(labels, reply.elapsedTime / 1000);
      requests.inc({ ...labels, status: `${Math.floor(reply.statusCode / 100)}xx` });
      done();
    });
  },
};

const app = fastify();
instruments[process.argv[2] ?? '']!(app);
app.get('/healthz', async () => ({ status: 'ok' }));
process.send!(await app.listen({ port: 0, host: '127.0.0.1' }));
process.on('disconnect', () => process.exit());
