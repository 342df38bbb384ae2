import { setTimeout as sleep } from 'node:timers/promises';
import { QrNotAvailable } from './errors.ts';

/** A request that follows the creation of its session at once gets the code well within this time. */
export const QR_WAIT_MS = 30_000;
export const MAX_WAITERS = 20;

/** The status of a session, as callers see it. */
interface ShownStatus {
  status: string;
  reason: string | null;
}

/** Why the session will not have a QR code, and what to do about it; undefined while one may still come. */
export function qrRefusal(id: string, { status, reason }: ShownStatus): QrNotAvailable | undefined {
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

/** The answer after `QR_WAIT_MS`, or when too many requests wait already. */
export function qrNotReady(id: string, { reason }: Pick<ShownStatus, 'reason'>): QrNotAvailable {
  return new QrNotAvailable(
    `The WhatsApp session ${id} has no QR code yet (${reason ?? 'starting'}). Ask again`,
    { retryable: true },
  );
}

/** The requests that wait for a QR code: `MAX_WAITERS` at most. */
export class QrWaiters {
  readonly #closing = new AbortController();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Ends all waits when the service stops. */
  close(): void {
    this.#closing.abort();
  }

  /**
   * Calls `look` until it finds something, for `limitMs` at most. Calls it once only when `limitMs` is 0 or too many requests
   * wait already. `look` returns what it found, or how long to pause before the next call.
   */
  async wait<T>(
    look: () => Promise<{ found: T } | { pauseMs: number }>,
    { limitMs, signal }: { limitMs: number; signal: AbortSignal },
  ): Promise<T | undefined> {
    const mayWait = limitMs > 0 && this.#count < MAX_WAITERS;
    const ended = AbortSignal.any([signal, this.#closing.signal, AbortSignal.timeout(mayWait ? limitMs : 0)]);
    this.#count += 1;
    try {
      for (;;) {
        const result = await look();
        if ('found' in result) return result.found;
        if (!mayWait || ended.aborted) return undefined;
        await sleep(result.pauseMs, undefined, { signal: ended }).catch(() => {});
      }
    } finally {
      this.#count -= 1;
    }
  }
}
