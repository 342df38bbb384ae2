import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Database, type NewJob, type ReleasedJob, addJob, recordInbound } from '@prosaas/database';
import type { Random } from '@prosaas/devstack';
import { type Relay, inboundJob } from '@prosaas/queues';
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
  /** Turns that wrote a job whose payload does not fit. */
  badPayloads: Set<number>;
  /** Jobs for messages that nobody has: they end as done. */
  unknownMessages: number;
}

interface Store {
  db: Database;
  relay: Relay;
}

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
  store: Store,
  plan: Plan,
  random: Random,
  { share, isBusy }: Progress,
): Promise<Fed> {
  const fed: Fed = { accepted: [], badPayloads: new Set(), unknownMessages: 0 };
  const badEvery = Math.ceil(plan.messages / plan.builtToFail);
  const untoldEvery = Math.floor(plan.messages / plan.untold);
  await store.db.query('create table fed (turn integer, name text, primary key (turn, name))');

  for (let turn = 0; turn < plan.messages || share() < 1; turn++) {
    const isAhead = (): boolean => share() < 1 && turn > plan.messages * (share() + 0.03);
    if (isAhead()) await delay(20);
    while (isAhead() && isBusy()) await delay(20);
    const isUntold = turn < plan.messages && turn % untoldEvery === untoldEvery - 1;
    await accept(store, fed, messageOf(turn, plan, random), { turn, isUntold });
    if (turn % badEvery !== 0) continue;
    await addOnce(store, turn, { queue: 'inbound-messages', orderKey: `bad:${turn}`, payload: { turn } });
    fed.badPayloads.add(turn);
    const payload = { messageId: randomUUID(), conversationId: randomUUID(), businessId: 'default' };
    await addOnce(store, turn, { queue: 'inbound-messages', orderKey: `unknown:${turn}`, payload });
    fed.unknownMessages += 1;
  }
  return fed;
}

/** More messages of random contacts, as fast as they are stored. */
export async function feedMore(store: Store, fed: Fed, plan: Plan, random: Random): Promise<void> {
  const first = fed.accepted.length;
  for (let turn = first; turn < first + plan.messagesAtFlush; turn++) {
    const contact = `${random.whole(1, plan.contacts)}@s.whatsapp.net`;
    const message = { contact, text: `Do you take cash? (${turn})`, failure: undefined };
    await accept(store, fed, message, { turn, isUntold: false });
  }
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

/** `isUntold`: as if this process died between its commit and the relay. */
async function accept(
  { db, relay }: Store,
  fed: Fed,
  { contact, text, failure }: Message,
  { turn, isUntold }: { turn: number; isUntold: boolean },
): Promise<void> {
  const { id, released } = await untilCommitted(() =>
    db.transaction(async (tx) => {
      const { message, fresh } = await recordInbound(tx, {
        sessionId: 'shop',
        businessId: 'default',
        contact,
        externalId: `EXT${turn}`,
        text,
        sentAt: new Date(),
      });
      return { id: message.id, released: fresh ? await addJob(tx, inboundJob(message)) : undefined };
    }),
  );
  if (!isUntold) relay.enqueue([released]);
  fed.accepted.push({ id, contact, failure });
}

/** Writes a job of no message; a commit whose answer was lost is not repeated. */
async function addOnce({ db, relay }: Store, turn: number, job: NewJob): Promise<void> {
  const released = await untilCommitted(() =>
    db.transaction(async (tx): Promise<ReleasedJob | undefined> => {
      const isFirst = await tx.query(
        'insert into fed (turn, name) values ($1, $2) on conflict do nothing returning 1',
        [turn, job.orderKey],
      );
      return isFirst.length === 0 ? undefined : addJob(tx, job);
    }),
  );
  relay.enqueue([released]);
}
