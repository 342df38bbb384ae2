import { compare, median, nanoseconds, ratioOf, report } from '@prosaas/devstack/bench';

const names = ['prosaas', 'prom-client', 'OpenTelemetry'];
const results = await compare(new URL('peers/request.ts', import.meta.url), names);
const [ours = [], prom = [], otel = []] = names.map((name) => results[name]!);

report(
  "A request's whole instrumentation",
  Object.fromEntries(names.map((name) => [name, nanoseconds(median(results[name]!))])),
  [
    { what: "times as fast as prom-client's", ratio: ratioOf(prom, ours), atLeast: 50 },
    { what: "times as fast as OpenTelemetry's", ratio: ratioOf(otel, ours), atLeast: 100 },
  ],
);
