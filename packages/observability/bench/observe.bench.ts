import { compare, median, nanoseconds, ratioOf, report } from '@prosaas/devstack/bench';
import { MetricsRegistry, defineCatalogue, percentile } from '../src/index.ts';
import { ReadingBuilder } from '../src/metrics/reading-builder.ts';

const names = ['prosaas', 'prom-client', 'OpenTelemetry', 'hdr-histogram wasm'];
const results = await compare(new URL('peers/observe.ts', import.meta.url), names);
const [ours = [], prom = [], otel = [], hdr = []] = names.map((name) => results[name]!);

/** The largest relative error of a percentile over a million durations from 10 microseconds to 100 seconds. */
function percentileError(): number {
  const catalogue = defineCatalogue({ wait_seconds: { type: 'histogram', help: '', unit: 'seconds' } });
  const registry = new MetricsRegistry(catalogue);
  const histogram = registry.histogram('wait_seconds');
  const values = Float64Array.from({ length: 1_000_000 }, () => 1e-5 * 10 ** (7 * Math.random()));
  for (const value of values) histogram.observe(value);
  values.sort();
  const { histograms } = new ReadingBuilder(catalogue).build(registry.collect(), []);
  const errors = Array.from({ length: 999 }, (_, i) => {
    const q = (i + 1) / 1000;
    const exact = values[Math.ceil(q * values.length) - 1]!;
    return Math.abs(percentile(histograms['wait_seconds']![0]!, q) - exact) / exact;
  });
  return Math.max(...errors);
}

const error = percentileError();
report(
  'Observe a histogram through a bound handle',
  Object.fromEntries(names.map((name) => [name, nanoseconds(median(results[name]!))])),
  [
    { what: "times as fast as prom-client's", ratio: ratioOf(prom, ours), atLeast: 50 },
    { what: "times as fast as OpenTelemetry's", ratio: ratioOf(otel, ours), atLeast: 10 },
    { what: "of hdr-histogram's WebAssembly", ratio: ratioOf(ours, hdr), atMost: 0.4 },
    {
      what: 'largest relative error of 999 percentiles',
      ratio: { median: error, low: error, high: error },
      atMost: 0.05,
    },
  ],
);
