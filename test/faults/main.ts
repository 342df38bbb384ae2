import { parseArgs } from 'node:util';
import { ensureRedisInstalled } from '@prosaas/devstack';
import { faults } from './faults.ts';

const { positionals } = parseArgs({ allowPositionals: true });
const say = (line: string): void => void process.stdout.write(`${line}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
await ensureRedisInstalled(say);

const chosen = faults.filter(
  ({ name }) => positionals.length === 0 || positionals.some((word) => name.includes(word)),
);
if (chosen.length === 0) {
  say(`no fault has such a name; there are: ${faults.map(({ name }) => name).join(', ')}`);
  process.exit(1);
}
let held = 0;
let skipped = 0;
for (const { name, run } of chosen) {
  const startedAt = performance.now();
  say(`${name} ...`);
  const broken = await run(say).catch((error: unknown) => [error instanceof Error ? error.stack : error]);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  if (broken === 'skipped') {
    say(`${name}: skipped`);
    skipped += 1;
    continue;
  }
  say(`${name}: ${broken.length === 0 ? 'held' : 'BROKEN'} (${seconds} s)`);
  for (const promise of broken) say(`  ${String(promise)}`);
  if (broken.length === 0) held += 1;
}
say(`${held} of ${chosen.length} faults: everything held; ${skipped} skipped`);
process.exit(held + skipped === chosen.length && held > 0 ? 0 : 1);
