import { type Peers } from '@prosaas/devstack/bench';
import { metrics as otel } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import prom from 'prom-client';
import { MetricsRegistry, defineCatalogue, httpMetrics } from '../../src/index.ts';
import { RouteMetrics } from '../../src/instruments/http.ts';

const routes = ['/api/conversations', '/api/messages', '/healthz', '/api/calls/:id'];
const route = (i: number): string => routes[i & 3]!;
const seconds = (i: number): number => 0.0004 + (i & 255) * 0.0001;

/** Everything that is recorded for one request: in flight, count and duration. No clock is read. */
export const peers: Peers['peers'] = {
  prosaas: () => {
    const registry = new MetricsRegistry(defineCatalogue(httpMetrics()));
    // Like the Fastify instrumentation: one set of handles for each route.
    const bound = routes.map(
      (template) => new RouteMetrics(registry, {}, { method: 'GET', route: template }),
    );
    return (times) => {
      for (let i = 0; i < times; i++) {
        const metrics = bound[i & 3]!;
        metrics.begin();
        metrics.end(200, seconds(i));
      }
    };
  },
  'prom-client': () => {
    const registers = [new prom.Registry()];
    const inFlight = new prom.Gauge({ name: 'in_flight', help: 'In flight.', registers });
    const labelNames = ['method', 'route'];
    const duration = new prom.Histogram({ name: 'seconds', help: 'Time.', labelNames, registers });
    const requests = new prom.Counter({
      name: 'requests',
      help: 'Requests.',
      labelNames: [...labelNames, 'status'],
      registers,
    });
    return (times) => {
      for (let i = 0; i < times; i++) {
        inFlight.inc();
        inFlight.dec();
        duration.observe({ method: 'GET', route: route(i) }, seconds(i));
        requests.inc({ method: 'GET', route: route(i), status: '2xx' });
      }
    };
  },
  OpenTelemetry: () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    otel.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    const meter = otel.getMeter('bench');
    const inFlight = meter.createUpDownCounter('in_flight');
    const duration = meter.createHistogram('seconds');
    const requests = meter.createCounter('requests');
    return (times) => {
      for (let i = 0; i < times; i++) {
        inFlight.add(1);
        inFlight.add(-1);
        duration.record(seconds(i), { method: 'GET', route: route(i) });
        requests.add(1, { method: 'GET', route: route(i), status: '2xx' });
      }
    };
  },
};
