import { parseArgs } from 'node:util';
import { ensureRedisInstalled } from '@prosaas/devstack';
import { prove } from './prove.ts';

const { values } = parseArgs({ options: { seed: { type: 'string' }, short: { type: 'boolean' } } });
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
if (!Number.isSafeInteger(seed)) throw new TypeError(`a seed is a whole number, not ${values.seed}`);

const print = (line: string): void => void process.stdout.write(`${line}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
await ensureRedisInstalled(print);
const kept = await prove({ seed, short: values.short ?? false, print });
process.exit(kept ? 0 : 1);
