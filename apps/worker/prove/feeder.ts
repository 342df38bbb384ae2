import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Database, addToOutbox, recordInbound } from '@prosaas/database';
import type { Random } from '@prosaas/devstack';
import { POISON, REFUSED } from './peer.ts';
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

/** How the faults go on while contacts write. */
export interface Progress {
  /** How far they are, from 0 to 1. */
  share: () => number;
  /** A worker has something to do. */
  isBusy: () => boolean;
}

/**
 * Contacts write, as the baileys service records it: the message and its job in one transaction. At least as many as planned, as long
 * as there are faults to come, and no faster than these do but where the workers would run idle.
 */
export async function feed(
  db: Database,
  plan: Plan,
  random: Random,
  { share, isBusy }: Progress,
): Promise<Fed> {
  const fed: Fed = { accepted: [], badPayloads: new Set(), unknownMessages: new Set() };
  const refusedEvery = Math.ceil(plan.messages / plan.builtToFail);
  const poisonEvery = Math.ceil(plan.messages / plan.poison) - 1;
  const badEvery = Math.ceil(plan.messages / plan.builtToFail);

  for (let turn = 0; turn < plan.messages || share() < 1; turn++) {
    const isAhead = (): boolean => share() < 1 && turn > plan.messages * (share() + 0.03);
    if (isAhead()) await delay(20);
    while (isAhead() && isBusy()) await delay(20);
    const isLastOf = (every: number): boolean => turn < plan.messages && turn % every === every - 1;
    const kind = isLastOf(refusedEvery) ? REFUSED : isLastOf(poisonEvery) ? POISON : '';
    const contact = `${kind}${kind === '' ? random.whole(1, plan.contacts) : turn}@s.whatsapp.net`;
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
