import { type Peers } from '@prosaas/devstack/bench';
import { metrics as otel } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import prom from 'prom-client';
import { MetricsRegistry, defineCatalogue } from '../../src/index.ts';

const catalogue = defineCatalogue({
  jobs: { type: 'counter', help: 'Jobs.', labels: { queue: ['in', 'out'], result: ['ok', 'bad'] } },
});

/** Counts through a handle bound to two labels; every peer has the same four series and steps through all of them. */
export const peers: Peers['peers'] = {
  prosaas: () => {
    const registry = new MetricsRegistry(catalogue);
    const handles = combinations().map((combination) => registry.counter('jobs', combination));
    return (times) => {
      for (let i = 0; i < times; i++) handles[i & 3]!.add();
      return registry.collect().values;
    };
  },
  'typed array': () => {
    const values = new Float64Array(64);
    const add = (slot: number, step: number): void => {
      if (!(step >= 0 && step < Infinity)) throw new RangeError(`a counter cannot rise by ${step}`);
      values[slot]! += step;
    };
    const slots = [3, 17, 40, 51];
    return (times) => {
      for (let i = 0; i < times; i++) add(slots[i & 3]!, 1);
      return values;
    };
  },
  'prom-client': () => {
    const registry = new prom.Registry();
    const counter = new prom.Counter({
      name: 'jobs',
      help: 'Jobs.',
      labelNames: ['queue', 'result'],
      registers: [registry],
    });
    const children = combinations().map((combination) => counter.labels(combination));
    return (times) => {
      for (let i = 0; i < times; i++) children[i & 3]!.inc();
    };
  },
  OpenTelemetry: () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    otel.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    const counter = otel.getMeter('bench').createCounter('jobs');
    const attributes = combinations();
    return (times) => {
      for (let i = 0; i < times; i++) counter.add(1, attributes[i & 3]);
    };
  },
};

function combinations(): { queue: 'in' | 'out'; result: 'ok' | 'bad' }[] {
  const queues = ['in', 'out'] as const;
  const results = ['ok', 'bad'] as const;
  return queues.flatMap((queue) => results.map((result) => ({ queue, result })));
}
