import { startRedis } from '@prosaas/devstack';
import { compare, median, microseconds, ratioOf, report } from '@prosaas/devstack/bench';

await using server = await startRedis();
process.env['BENCH_REDIS_URL'] = server.url;
const names = ['metrics off', 'metrics on'];
const results = await compare(new URL('peers/jobs.ts', import.meta.url), names);
const [off = [], on = []] = names.map((name) => results[name]!);

report(
  'Jobs of BullMQ, CPU of the worker for one',
  Object.fromEntries(names.map((name) => [name, microseconds(median(results[name]!) / 1000)])),
  [{ what: 'jobs a second of CPU with metrics on, of off', ratio: ratioOf(off, on), atLeast: 0.95 }],
);
