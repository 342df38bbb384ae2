import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { compare, median, microseconds, ratioOf, report, short } from '@prosaas/devstack/bench';

const names = ['prosaas, all', 'prosaas, a tenth', 'prom-client, all', 'prom-client, a tenth'];
const renders = await compare(new URL('peers/render.ts', import.meta.url), names);
const [all = [], tenth = [], promAll = [], promTenth = []] = names.map((name) => renders[name]!);
report(
  'Render 10,000 series',
  Object.fromEntries(names.map((name) => [name, microseconds(median(renders[name]!) / 1000)])),
  [
    { what: 'times as fast as prom-client when all changed', ratio: ratioOf(promAll, all), atLeast: 8 },
    { what: 'times as fast when a tenth of the chunks did', ratio: ratioOf(promTenth, tenth), atLeast: 40 },
  ],
);

const peers = ['prosaas', 'prom-client'];
const holds = await compare(new URL('peers/hold.ts', import.meta.url), peers);
const [ours = [], prom = []] = peers.map((name) => holds[name]!);
report(
  'Longest hold of the event loop while 100,000 series are rendered',
  Object.fromEntries(peers.map((name) => [name, microseconds(median(holds[name]!) / 1000)])),
  [{ what: "of prom-client's", ratio: ratioOf(ours, prom), atMost: 1 / 25 }],
);

const bytes = Object.fromEntries(
  peers.map((name) => [name, Array.from({ length: 7 }, () => bytesPerSeries(name))] as const),
);
report(
  'Bytes per series, 10,000 series, after three renders',
  Object.fromEntries(peers.map((name) => [name, `${short(median(bytes[name]!))} bytes`])),
  [{ what: "of prom-client's", ratio: ratioOf(bytes['prosaas']!, bytes['prom-client']!), atMost: 0.8 }],
);

function bytesPerSeries(name: string): number {
  const script = fileURLToPath(new URL('peers/bytes.ts', import.meta.url));
  const options = ['--conditions=@prosaas/source', '--expose-gc', script, name];
  return Number(execFileSync(process.execPath, options, { encoding: 'utf8' }));
}
