import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Database, type NewJob, type ReleasedJob, addJob, recordInbound } from '@prosaas/database';
import type { Random } from '@prosaas/devstack';
import { type Relay, inboundJob } from '@prosaas/queues';
import { FAILING, POISONED, REFUSED } from './fake-baileys.ts';
import type { Plan } from './plan.ts';

/** Why the answer to a message is meant to fail: the code in the dead letter. */
type Failure = 'SEND_REFUSED' | 'POISON';

interface Accepted {
  id: string;
  contact: string;
  failure: Failure | undefined;
}

/** What was committed, in order per contact; recorded after the commit. */
export interface Fed {
  accepted: Accepted[];
  /** Turns that added a job with an invalid payload. */
  badPayloads: Set<number>;
  /** Jobs for messages that do not exist, which are completed. */
  unknownMessages: number;
}

interface Store {
  db: Database;
  relay: Relay;
}

/** Repeats a transaction until it is committed, because the database is restarted now and then. */
async function untilCommitted<T>(commit: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await commit();
    } catch {
      await delay(50);
    }
  }
}

/** The progress of the injected faults. */
export interface Progress {
  /** From 0 to 1. */
  share: () => number;
  /** Whether a worker has a job. */
  isBusy: () => boolean;
}

/**
 * Stores messages of contacts as the baileys service does, each with its job in one transaction: at least as many as planned, until all faults
 * were injected, and in step with the faults unless the workers would be idle.
 */
export async function feed(
  store: Store,
  plan: Plan,
  random: Random,
  { share, isBusy }: Progress,
): Promise<Fed> {
  const fed: Fed = { accepted: [], badPayloads: new Set(), unknownMessages: 0 };
  const badEvery = Math.ceil(plan.messages / plan.builtToFail);
  const notEnqueuedEvery = Math.floor(plan.messages / plan.notEnqueued);
  await store.db.query('create table fed (turn integer, name text, primary key (turn, name))');

  for (let turn = 0; turn < plan.messages || share() < 1; turn++) {
    const isAhead = (): boolean => share() < 1 && turn > plan.messages * (share() + 0.03);
    if (isAhead()) await delay(20);
    while (isAhead() && isBusy()) await delay(20);
    const isNotEnqueued = turn < plan.messages && turn % notEnqueuedEvery === notEnqueuedEvery - 1;
    await accept(store, fed, messageOf(turn, plan, random), { turn, isNotEnqueued });
    if (turn % badEvery !== 0) continue;
    await addOnce(store, turn, { queue: 'inbound-messages', orderKey: `bad:${turn}`, payload: { turn } });
    fed.badPayloads.add(turn);
    const payload = { messageId: randomUUID(), conversationId: randomUUID(), businessId: 'default' };
    await addOnce(store, turn, { queue: 'inbound-messages', orderKey: `unknown:${turn}`, payload });
    fed.unknownMessages += 1;
  }
  return fed;
}

/** Stores more messages of random contacts, as fast as possible. */
export async function feedMore(store: Store, fed: Fed, plan: Plan, random: Random): Promise<void> {
  const first = fed.accepted.length;
  for (let turn = first; turn < first + plan.messagesAtFlush; turn++) {
    const contact = `${random.whole(1, plan.contacts)}@s.whatsapp.net`;
    const message = { contact, text: `Do you take cash? (${turn})`, failure: undefined };
    await accept(store, fed, message, { turn, isNotEnqueued: false });
  }
}

interface Message {
  contact: string;
  text: string;
  failure: Failure | undefined;
}

/** Messages that a contact writes in a row, either with a poison message in the middle or to a chat whose sends fail for a while. */
const BURST = 10;

/** Most messages are from a random contact. Messages whose send is refused have contacts of their own. */
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

/** `isNotEnqueued`: as if this process died between its commit and the relay. */
async function accept(
  { db, relay }: Store,
  fed: Fed,
  { contact, text, failure }: Message,
  { turn, isNotEnqueued }: { turn: number; isNotEnqueued: boolean },
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
  if (!isNotEnqueued) relay.enqueue([released]);
  fed.accepted.push({ id, contact, failure });
}

/** Adds a job without a message, once even if the response to the commit is lost. */
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
