import { parseArgs } from 'node:util';
import { ensureRedisInstalled } from '@prosaas/devstack';
import { planOf } from './plan.ts';
import { prove } from './prove.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    minutes: { type: 'string' },
    short: { type: 'boolean' },
    'with-faults': { type: 'boolean' },
  },
});
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
if (!Number.isSafeInteger(seed)) throw new TypeError(`a seed is a whole number, not ${values.seed}`);
if (minutes !== undefined && !(minutes > 0))
  throw new TypeError(`not a number of minutes: ${values.minutes}`);

const say = (line: string): void => void process.stdout.write(`${line}\n`);
await ensureRedisInstalled(say);
const plan = planOf({ short: values.short ?? false, minutes, withFaults: values['with-faults'] ?? false });
const kept = await prove({ seed, plan, say });
process.exit(kept ? 0 : 1);
