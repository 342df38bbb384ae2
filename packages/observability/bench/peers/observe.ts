import { type Peers } from '@prosaas/devstack/bench';
import { metrics as otel } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import * as hdr from 'hdr-histogram-js';
import prom from 'prom-client';
import { MetricsRegistry, defineCatalogue } from '../../src/index.ts';

const catalogue = defineCatalogue({
  wait_seconds: {
    type: 'histogram',
    help: 'Waits.',
    unit: 'seconds',
    labels: { queue: ['in', 'out'], result: ['ok', 'bad'] },
  },
});

const labels = { queue: 'in', result: 'ok' } as const;

/** Durations from 0.1 ms to 10 s, spread evenly over the powers of ten. */
const durations = Float64Array.from(
  { length: 1024 },
  (_, i) => 1e-4 * 10 ** ((5 * ((i * 389) % 1024)) / 1024),
);
const duration = (i: number): number => durations[i & 1023]!;

/** Observes a duration in a histogram with two labels, through a handle that is bound where the peer has one. */
export const peers: Peers['peers'] = {
  prosaas: () => {
    const histogram = new MetricsRegistry(catalogue).histogram('wait_seconds', labels);
    return (times) => {
      for (let i = 0; i < times; i++) histogram.observe(duration(i));
    };
  },
  'prom-client': () => {
    const registers = [new prom.Registry()];
    const histogram = new prom.Histogram({
      name: 'wait_seconds',
      help: 'Waits.',
      labelNames: ['queue', 'result'],
      registers,
    }).labels(labels);
    return (times) => {
      for (let i = 0; i < times; i++) histogram.observe(duration(i));
    };
  },
  OpenTelemetry: () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    otel.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    const histogram = otel.getMeter('bench').createHistogram('wait_seconds');
    return (times) => {
      for (let i = 0; i < times; i++) histogram.record(duration(i), labels);
    };
  },
  'hdr-histogram wasm': async () => {
    await hdr.initWebAssembly();
    const histogram = hdr.build({
      useWebAssembly: true,
      lowestDiscernibleValue: 1,
      highestTrackableValue: 10_000_000,
      numberOfSignificantValueDigits: 2,
    });
    // It takes whole numbers: microseconds, made before so that only the recording is measured.
    const microseconds = durations.map((seconds) => Math.round(seconds * 1e6));
    return (times) => {
      for (let i = 0; i < times; i++) histogram.recordValue(microseconds[i & 1023]!);
    };
  },
};
