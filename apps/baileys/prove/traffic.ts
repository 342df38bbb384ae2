import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '@prosaas/devstack';
import type { Account, Phone } from '@prosaas/simulators';
import type { Baileys } from './baileys.ts';
import type { Plan } from './plan.ts';

/** A customer, and what was said on both sides. */
export interface Customer {
  phone: Phone;
  /** Ids of what the customer wrote. */
  wrote: string[];
  /** Texts that WhatsApp has for the customer, as the service said. */
  sent: string[];
}

/** Texts of one customer that the service has not acknowledged: more would only make a queue. */
const MOST_IN_FLIGHT = 3;

/** Until the signal aborts the customer writes, whatever becomes of it, and is written to. */
export async function talk(
  customer: Customer,
  { baileys, account, plan, random }: { baileys: Baileys; account: Account; plan: Plan; random: Random },
  signal: AbortSignal,
): Promise<void> {
  await Promise.all([
    write(customer, account, plan, random.fork(), signal),
    beWrittenTo(customer, baileys, plan, random.fork(), signal),
  ]);
}

async function write(
  { phone, wrote }: Customer,
  account: Account,
  { pauseMs }: Plan,
  random: Random,
  signal: AbortSignal,
): Promise<void> {
  const inFlight = new Set<Promise<unknown>>();
  while (!signal.aborted) {
    const id = `3EB0${randomUUID().replaceAll('-', '').slice(0, 18).toUpperCase()}`;
    wrote.push(id);
    const acknowledged = phone
      .sendText(account, `from ${phone.number}: ${wrote.length}`, {
        id,
        addressing: random.pick(['pn', 'lid']),
      })
      .finally(() => inFlight.delete(acknowledged));
    inFlight.add(acknowledged);
    await delay(random.whole(...pauseMs));
    while (inFlight.size >= MOST_IN_FLIGHT && !signal.aborted) await delay(10);
  }
}

/** As the worker does: one text after the other, each repeated under its key until it is sent. */
async function beWrittenTo(
  { phone, sent }: Customer,
  baileys: Baileys,
  { pauseMs }: Plan,
  random: Random,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const text = `to ${phone.number}: ${sent.length}`;
    const key = randomUUID();
    while (!(await baileys.sendText(key, phone.number, text))) await delay(50);
    sent.push(text);
    await delay(random.whole(...pauseMs));
  }
}
