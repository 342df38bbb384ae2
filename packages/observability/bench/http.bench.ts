import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startStack } from '@prosaas/devstack';
import { cpuOf, Load, median, microseconds, ratioOf, report } from '@prosaas/devstack/bench';

const ROUNDS = 11;
const REQUESTS = 6000;

await using stack = new AsyncDisposableStack();
const shipped = stack.use(await startStack({ services: ['api'], env: { READYZ_REQUIRE: 'database' } }));
const api = { pid: shipped.services.api.pid, url: shipped.url.api };
const servers: Record<string, { pid: number; url: string }> = { api };
for (const name of ['no metrics', 'prosaas', 'prom-client']) servers[name] = await serve(name);

const loads = new Map<string, Load>();
for (const [name, { url }] of Object.entries(servers)) {
  const load = stack.use(await Load.open(new URL('/healthz', url)));
  await load.send(REQUESTS * 2);
  loads.set(name, load);
}
const cost: Record<string, number[]> = Object.fromEntries(Object.keys(servers).map((name) => [name, []]));
for (let round = 0; round < ROUNDS; round++) {
  const order = round % 2 === 0 ? [...loads] : [...loads].toReversed();
  for (const [name, load] of order) {
    const { pid } = servers[name]!;
    const before = cpuOf(pid);
    await load.send(REQUESTS);
    cost[name]!.push((cpuOf(pid) - before) / REQUESTS / 1000);
  }
}

const { api: ours = [], 'no metrics': bare = [], prosaas: on = [], 'prom-client': prom = [] } = cost;
// Requests a second of CPU: what one core serves when nothing else wants it.
const overhead = ratioOf(
  on.map((value, i) => value - bare[i]!),
  prom.map((value, i) => value - bare[i]!),
);
report(
  'GET /healthz, CPU of the server per request',
  Object.fromEntries(Object.entries(cost).map(([name, values]) => [name, microseconds(median(values))])),
  [
    { what: 'the api as shipped, of a bare Fastify route', ratio: ratioOf(bare, ours), atLeast: 0.95 },
    { what: 'metrics on, of metrics off', ratio: ratioOf(bare, on), atLeast: 0.93 },
    { what: "overhead of metrics, of prom-client's", ratio: overhead, atMost: 0.5 },
  ],
);

async function serve(name: string): Promise<{ pid: number; url: string }> {
  const script = fileURLToPath(new URL('peers/http-server.ts', import.meta.url));
  const child: ChildProcess = fork(script, [name], { execArgv: ['--conditions=@prosaas/source'] });
  stack.defer(() => void child.kill());
  const [url] = (await once(child, 'message')) as [string];
  return { pid: child.pid!, url };
}
