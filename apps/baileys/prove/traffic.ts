import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '@prosaas/devstack';
import type { Account, Phone } from '@prosaas/simulators';
import type { Baileys } from './baileys.ts';
import type { Plan } from './plan.ts';

/** A customer, and the messages in both directions. */
export interface Customer {
  phone: Phone;
  /** Ids of the customer's messages. */
  wrote: string[];
  /** Texts to the customer that WhatsApp has, according to the service. */
  sent: string[];
}

/** Maximum number of a customer's texts that the service has not acknowledged; more would only queue up. */
const MAX_IN_FLIGHT = 3;

/** Sends messages from and to the customer until the signal aborts. The customer does not wait for the service. */
export async function talk(
  customer: Customer,
  { baileys, account, plan, random }: { baileys: Baileys; account: Account; plan: Plan; random: Random },
  signal: AbortSignal,
): Promise<void> {
  await Promise.all([
    sendFromCustomer(customer, account, plan, random.fork(), signal),
    sendToCustomer(customer, baileys, plan, random.fork(), signal),
  ]);
}

async function sendFromCustomer(
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
    while (inFlight.size >= MAX_IN_FLIGHT && !signal.aborted) await delay(10);
  }
}

/** Sends one text after the other, as the worker does, and repeats each under its key until it is sent. */
async function sendToCustomer(
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
