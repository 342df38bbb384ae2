import { afterAll, beforeAll, expect, test } from 'vitest';
import { databaseFaults } from './database-faults.ts';
import { FaultRun } from './fault-run.ts';

let faults: FaultRun;

beforeAll(async () => {
  // Shorter than a fault: its socket closes meanwhile, and WhatsApp delivers again.
  faults = await FaultRun.start({ stallLimitMs: 1000 });
});
afterAll(() => faults[Symbol.asyncDispose]());

test.each(databaseFaults)(
  'after a $name under traffic from ten phones everything is stored once and in order',
  async (fault) => {
    const { broken, sent } = await faults.play(fault, 2500);
    expect(broken).toEqual([]);
    expect(sent).toBeGreaterThan(10);
  },
);
