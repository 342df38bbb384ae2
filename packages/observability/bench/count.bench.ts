import { compare, median, nanoseconds, ratioOf, report } from '@prosaas/devstack/bench';

const names = ['prosaas', 'typed array', 'prom-client', 'OpenTelemetry'];
const results = await compare(new URL('peers/count.ts', import.meta.url), names);
const {
  prosaas: ours = [],
  'typed array': array = [],
  'prom-client': prom = [],
  OpenTelemetry: otel = [],
} = results;

report(
  'Count through a bound handle with two labels',
  Object.fromEntries(names.map((name) => [name, nanoseconds(median(results[name]!))])),
  [
    { what: 'of a checked typed-array write', ratio: ratioOf(ours, array), atMost: 1.5 },
    { what: "times as fast as prom-client's bound child", ratio: ratioOf(prom, ours), atLeast: 40 },
    { what: "times as fast as OpenTelemetry's counter", ratio: ratioOf(otel, ours), atLeast: 100 },
  ],
);
