import type { RepeatRequest } from '@prosaas/simulators';

export interface CustomerEvidence {
  number: string;
  sent: readonly string[];
  received: readonly string[];
  /** Copies of messages that the phone could not decrypt. */
  unreadable: number;
  wrote: readonly string[];
  /** When each message of the customer's was stored, by id; unix milliseconds. */
  stored: ReadonlyMap<string, number>;
  /** What the service asked the phone for once more. */
  repeatRequests: readonly RepeatRequest[];
}

export interface Evidence {
  customers: readonly CustomerEvidence[];
  /** From the last kill's mend until nothing was under way any more; undefined: it did not come to that. */
  restMs: number | undefined;
  restWithinMs: number;
  undelivered: number;
  /** Messages that were sent and are not delivered, as the database has it. */
  notDelivered: number;
  storedTwice: number;
  unexpected: readonly string[];
}

export interface Totals {
  sent: number;
  wrote: number;
  sentLost: number;
  wroteLost: number;
  unreadableThere: number;
  unreadableHere: number;
}

export function totalsOf(customers: readonly CustomerEvidence[]): Totals {
  const sum = (of: (customer: CustomerEvidence) => number): number =>
    customers.reduce((total, customer) => total + of(customer), 0);
  return {
    sent: sum(({ sent }) => sent.length),
    wrote: sum(({ wrote }) => wrote.length),
    sentLost: sum(({ sent, received }) => sent.filter((text) => !received.includes(text)).length),
    wroteLost: sum(({ wrote, stored }) => wrote.filter((id) => !stored.has(id)).length),
    unreadableThere: sum(({ unreadable }) => unreadable),
    unreadableHere: sum((customer) => unreadableHere(customer).length),
  };
}

/** A message that WhatsApp delivers twice, after a kill, can't be decrypted twice and is asked for: it is stored by then. */
const unreadableHere = ({ repeatRequests, stored }: CustomerEvidence): RepeatRequest[] =>
  repeatRequests.filter(({ id, at }) => (stored.get(id) ?? Number.POSITIVE_INFINITY) > at);

/** Every promise that was broken, in words. Pure. */
export function judge(evidence: Evidence): string[] {
  const { customers, restMs, restWithinMs, undelivered, notDelivered, storedTwice, unexpected } = evidence;
  const figures = totalsOf(customers);
  const broken: [number, string][] = [
    [figures.sentLost, 'sent messages were not shown'],
    [figures.wroteLost, "customers' messages were not stored"],
    [figures.unreadableThere, 'copies of sent messages could not be decrypted'],
    [figures.unreadableHere, "customers' messages could not be decrypted at first"],
    [storedTwice, "customers' messages were stored twice"],
    [undelivered, 'messages were given up as undelivered'],
    [notDelivered, 'sent messages have no delivery in the database'],
  ];
  const restless =
    restMs === undefined
      ? ['it did not come to rest']
      : restMs > restWithinMs
        ? [`it came to rest ${Math.round(restMs)} ms after the last kill was mended`]
        : [];
  return [
    ...broken.filter(([count]) => count > 0).map(([count, words]) => `${count} ${words}`),
    ...customers.flatMap(({ number, received }) =>
      new Set(received).size === received.length ? [] : [`${number} was shown a text twice`],
    ),
    ...restless,
    ...unexpected,
  ];
}
