import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Database, addToOutbox, recordInbound } from '@prosaas/database';
import type { Random } from '@prosaas/devstack';
import { REFUSED } from './peer.ts';
import type { Plan } from './plan.ts';

interface Accepted {
  id: string;
  contact: string;
}

/** What was committed, in the order of each contact; written down after the commit. */
export interface Fed {
  accepted: Accepted[];
  /** Keys of jobs whose payload does not fit, and of jobs for messages that nobody has. */
  badPayloads: Set<string>;
  unknownMessages: Set<string>;
}

const QUEUE = 'inbound-messages';

/** Repeats until it was committed: the database goes away now and then. */
async function untilCommitted<T>(commit: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await commit();
    } catch {
      await delay(50);
    }
  }
}

/**
 * Contacts write, as the baileys service records it: the message and its job in one transaction. `share` tells how far the faults
 * are, from 0 to 1: the work shall last as long as they do.
 */
export async function feed(db: Database, plan: Plan, random: Random, share: () => number): Promise<Fed> {
  const fed: Fed = { accepted: [], badPayloads: new Set(), unknownMessages: new Set() };
  const refusedEvery = Math.ceil(plan.messages / plan.builtToFail);
  const badEvery = Math.ceil(plan.messages / plan.builtToFail);

  for (let turn = 0; turn < plan.messages; turn++) {
    while (turn > plan.messages * Math.min(1, share() + 0.03)) await delay(20);
    const isRefused = turn % refusedEvery === refusedEvery - 1;
    const contact = isRefused
      ? `${REFUSED}${turn}@s.whatsapp.net`
      : `${random.whole(1, plan.contacts)}@s.whatsapp.net`;
    fed.accepted.push(await untilCommitted(() => accept(db, contact, turn)));
    if (turn % badEvery === 0) {
      const bad = `bad-${turn}`;
      await untilCommitted(() => addToOutbox(db, { queue: QUEUE, key: bad, payload: { turn } }));
      fed.badPayloads.add(bad);
      const unknown = randomUUID();
      const payload = { messageId: unknown, conversationId: randomUUID(), businessId: 'default' };
      await untilCommitted(() => addToOutbox(db, { queue: QUEUE, key: unknown, payload }));
      fed.unknownMessages.add(unknown);
    }
  }
  return fed;
}

async function accept(db: Database, contact: string, turn: number): Promise<Accepted> {
  return db.transaction(async (tx) => {
    const { message, conversationId, fresh } = await recordInbound(tx, {
      sessionId: 'shop',
      businessId: 'default',
      contact,
      externalId: `EXT${turn}`,
      text: `Do you take cash? (${turn})`,
      sentAt: new Date(),
    });
    if (fresh) {
      const payload = { messageId: message.id, conversationId, businessId: 'default' };
      await addToOutbox(tx, { queue: QUEUE, key: message.id, payload });
    }
    return { id: message.id, contact };
  });
}
