import { setTimeout as sleep } from 'node:timers/promises';
import { QrNotAvailable } from './errors.ts';

/** A client that asked at once after it created the session has its code well within this. */
export const QR_WAIT_MS = 30_000;
export const MOST_WAITERS = 20;

/** How a session is, as callers see it. */
interface Shown {
  status: string;
  reason: string | null;
}

/** Why there will be no QR code however long one waits, and what to do; undefined where one may still come. */
export function refusalOf(id: string, { status, reason }: Shown): QrNotAvailable | undefined {
  const path = `/api/sessions/${id}`;
  if (status === 'WORKING' || (status === 'STARTING' && reason === 'paired')) {
    return new QrNotAvailable(
      `The WhatsApp session ${id} is paired and needs no QR code. To pair it with another phone: POST ${path}/logout, then POST ${path}/start`,
    );
  }
  if (status === 'STOPPED') {
    return new QrNotAvailable(
      `The WhatsApp session ${id} is stopped. Start it with POST ${path}/start, then ask again`,
    );
  }
  if (status === 'FAILED') {
    return new QrNotAvailable(
      `The WhatsApp session ${id} failed (${reason ?? 'unknown'}). Start it again with POST ${path}/start, then ask again`,
    );
  }
  return undefined;
}

/** The time is over, or nobody waits any more. */
export function notYet(id: string, { reason }: Pick<Shown, 'reason'>): QrNotAvailable {
  return new QrNotAvailable(
    `The WhatsApp session ${id} has no QR code yet (${reason ?? 'starting'}). Ask again`,
    { retryable: true },
  );
}

/** Callers that wait for a QR code, so many at once at most. */
export class QrWaiters {
  readonly #closing = new AbortController();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The service stops: those that wait are answered. */
  close(): void {
    this.#closing.abort();
  }

  /**
   * Calls `look` until it returns something, for `limitMs` at most: once only when `limitMs` is 0 or too many wait already. It
   * returns how long to pause otherwise.
   */
  async wait<T>(
    look: () => Promise<{ found: T } | { pauseMs: number }>,
    { limitMs, signal }: { limitMs: number; signal: AbortSignal },
  ): Promise<T | undefined> {
    const mayWait = limitMs > 0 && this.#count < MOST_WAITERS;
    const over = AbortSignal.any([signal, this.#closing.signal, AbortSignal.timeout(mayWait ? limitMs : 0)]);
    this.#count += 1;
    try {
      for (;;) {
        const seen = await look();
        if ('found' in seen) return seen.found;
        if (!mayWait || over.aborted) return undefined;
        await sleep(seen.pauseMs, undefined, { signal: over }).catch(() => {});
      }
    } finally {
      this.#count -= 1;
    }
  }
}
