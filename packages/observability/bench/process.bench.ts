import { compare, median, microseconds, ratioOf, report } from '@prosaas/devstack/bench';

const names = ['prosaas', 'prom-client'];
const results = await compare(new URL('peers/process.ts', import.meta.url), names);
report(
  'Process metrics, one scrape',
  Object.fromEntries(names.map((name) => [name, microseconds(median(results[name]!) / 1000)])),
  [{ what: "of prom-client's", ratio: ratioOf(results['prosaas']!, results['prom-client']!), atMost: 0.1 }],
);
