import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Database, addToOutbox, recordInbound } from '@prosaas/database';
import type { Random } from '@prosaas/devstack';
import { FAILING, POISONED, REFUSED } from './peer.ts';
import type { Plan } from './plan.ts';

/** Why the answer to a message is built to fail, as the dead letter names it. */
type Failure = 'SEND_REFUSED' | 'POISON';

interface Accepted {
  id: string;
  contact: string;
  failure: Failure | undefined;
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
  const badEvery = Math.ceil(plan.messages / plan.builtToFail);

  for (let turn = 0; turn < plan.messages || share() < 1; turn++) {
    const isAhead = (): boolean => share() < 1 && turn > plan.messages * (share() + 0.03);
    if (isAhead()) await delay(20);
    while (isAhead() && isBusy()) await delay(20);
    const message = messageOf(turn, plan, random);
    fed.accepted.push({ ...message, id: await untilCommitted(() => accept(db, message, turn)) });
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

interface Message {
  contact: string;
  text: string;
  failure: Failure | undefined;
}

/** Messages that a contact writes one after the other: a poisoned one, the poison in the middle, or one whose answers fail for long. */
const BURST = 10;

/** Most are a random contact's. Those that are refused have contacts of their own. */
function messageOf(turn: number, plan: Plan, random: Random): Message {
  const text = `Do you take cash? (${turn})`;
  const isPlanned = turn < plan.messages;
  const poisonEvery = Math.floor(plan.messages / plan.poison);
  const toNextPoisoned = poisonEvery - (turn % poisonEvery);
  if (isPlanned && toNextPoisoned <= BURST) {
    const contact = `${POISONED}${Math.floor(turn / poisonEvery)}@s.whatsapp.net`;
    const isPoison = toNextPoisoned === BURST / 2;
    return isPoison
      ? { contact, text: `Where can I park my car? (${turn})`, failure: 'POISON' }
      : { contact, text, failure: undefined };
  }
  const refusedEvery = Math.ceil(plan.messages / plan.builtToFail);
  if (isPlanned && turn % refusedEvery === 0)
    return { contact: `${REFUSED}${turn}@s.whatsapp.net`, text, failure: 'SEND_REFUSED' };
  const failingEvery = Math.floor(plan.messages / plan.failing);
  if (isPlanned && turn % failingEvery < BURST) {
    const contact = `${FAILING}${Math.floor(turn / failingEvery)}@s.whatsapp.net`;
    return { contact, text, failure: undefined };
  }
  return { contact: `${random.whole(1, plan.contacts)}@s.whatsapp.net`, text, failure: undefined };
}

async function accept(db: Database, { contact, text }: Message, turn: number): Promise<string> {
  return db.transaction(async (tx) => {
    const { message, conversationId, fresh } = await recordInbound(tx, {
      sessionId: 'shop',
      businessId: 'default',
      contact,
      externalId: `EXT${turn}`,
      text,
      sentAt: new Date(),
    });
    if (fresh) {
      const payload = { messageId: message.id, conversationId, businessId: 'default' };
      await addToOutbox(tx, { queue: QUEUE, key: message.id, payload });
    }
    return message.id;
  });
}
