import type { RepeatRequest } from '@prosaas/simulators';

export interface CustomerEvidence {
  number: string;
  sent: readonly string[];
  received: readonly string[];
  /** Copies of messages that the phone could not decrypt. */
  unreadable: number;
  wrote: readonly string[];
  /** Unix ms at which each of the customer's messages was stored, by id. */
  stored: ReadonlyMap<string, number>;
  /** Messages that the service asked the phone to send again. */
  repeatRequests: readonly RepeatRequest[];
}

export interface Evidence {
  customers: readonly CustomerEvidence[];
  /** Time from the recovery after the last kill until nothing was in progress; undefined if that was never reached. */
  restMs: number | undefined;
  restWithinMs: number;
  undelivered: number;
  /** Sent messages without a delivery in the database. */
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

/**
 * Leaves out messages that were stored before: WhatsApp delivers a message twice after a kill, it cannot be decrypted twice, and is
 * asked for again.
 */
const unreadableHere = ({ repeatRequests, stored }: CustomerEvidence): RepeatRequest[] =>
  repeatRequests.filter(({ id, at }) => (stored.get(id) ?? Number.POSITIVE_INFINITY) > at);

/** Returns a text for every broken promise. Pure. */
export function findBroken(evidence: Evidence): string[] {
  const { customers, restMs, restWithinMs, undelivered, notDelivered, storedTwice, unexpected } = evidence;
  const totals = totalsOf(customers);
  const broken: [number, string][] = [
    [totals.sentLost, 'sent messages were not shown'],
    [totals.wroteLost, "customers' messages were not stored"],
    [totals.unreadableThere, 'copies of sent messages could not be decrypted'],
    [totals.unreadableHere, "customers' messages could not be decrypted at first"],
    [storedTwice, "customers' messages were stored twice"],
    [undelivered, 'messages were given up as undelivered'],
    [notDelivered, 'sent messages have no delivery in the database'],
  ];
  const restProblems =
    restMs === undefined
      ? ['it did not come to rest']
      : restMs > restWithinMs
        ? [`it came to rest ${Math.round(restMs)} ms after the last kill was mended`]
        : [];
  return [
    ...broken.filter(([count]) => count > 0).map(([count, text]) => `${count} ${text}`),
    ...customers.flatMap(({ number, received }) =>
      new Set(received).size === received.length ? [] : [`${number} was shown a text twice`],
    ),
    ...restProblems,
    ...unexpected,
  ];
}
