import { databaseFaults } from '../../apps/baileys/test/database-faults.ts';
import { FaultRun } from '../../apps/baileys/test/fault-run.ts';
import type { Fault } from './fault.ts';

const LASTS_MS = 12_000;
/** Shorter than the fault, so that the socket closes and WhatsApp delivers again. */
const STALL_LIMIT_MS = 4000;

/** Faults of PostgreSQL or of one table, while ten phones write. */
export const faultsOfDatabase: readonly Fault[] = databaseFaults.map((fault) => ({
  name: `database-${fault.name}`,
  async run(say) {
    await using faults = await FaultRun.start({ stallLimitMs: STALL_LIMIT_MS });
    if (!faults.realDisk)
      say('  no file system can be mounted here: a full disk is an error that a trigger raises');
    const { broken, sent, reasons } = await faults.play(fault, LASTS_MS);
    say(`  ${sent} messages sent; the session said ${reasons.join(', ') || 'nothing'}`);
    return reasons.length > 0 ? broken : [...broken, 'the session did not say why it waits'];
  },
}));
