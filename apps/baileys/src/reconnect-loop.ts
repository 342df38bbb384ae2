import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@prosaas/runtime';
import {
  type Closed,
  STABLE_MS,
  type StopReason,
  decideReconnect,
  reconnectDelay,
  stallsInRow,
} from './reconnect-policy.ts';

/** A connection that is over. */
export interface ClosedConnection extends Closed {
  /** This process closed it, because the database was unavailable for too long. */
  stalled: boolean;
  /** At least one message was stored. */
  hasStored: boolean;
  lastedMs: number;
}

export interface ReconnectLoopOptions {
  /** Opens a connection, and resolves when it has closed. */
  connect: () => Promise<ClosedConnection>;
  isPaired: () => boolean;
  signal: AbortSignal;
  log: Logger;
  /** Called before the wait for the next connection, unless the last one stalled. */
  onReconnect: (why: { reason: string; isError: boolean }) => void;
}

/**
 * Opens one connection after the other.
 *
 * @returns why no further connection may be opened
 * @throws what `connect` throws, or the signal's reason
 */
export async function keepConnected({
  connect,
  isPaired,
  signal,
  log,
  onReconnect,
}: ReconnectLoopOptions): Promise<StopReason> {
  let attempts = 0;
  let stalls = 0;
  let qrRounds = 0;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one connection after the other
    const closed = await connect();
    signal.throwIfAborted();
    stalls = stallsInRow(stalls, closed);
    if (closed.stalled && closed.code === undefined) {
      // WhatsApp did not close it. `connect` waits until messages can be stored.
      // oxlint-disable-next-line no-await-in-loop -- as above
      await sleep(reconnectDelay(stalls - 1, Math.random()), undefined, { signal });
      continue;
    }
    if (closed.lastedMs > STABLE_MS && isPaired()) attempts = 0;
    const decision = decideReconnect(closed, { attempts, qrRounds }, Math.random());
    log.info({ code: closed.code, ...decision }, 'WhatsApp connection closed');
    if (decision.action === 'stop') return decision.reason;
    if (closed.qrExpired) qrRounds += 1;
    else attempts += 1;
    onReconnect({ reason: decision.reason, isError: decision.error });
    // oxlint-disable-next-line no-await-in-loop -- as above
    await sleep(decision.delayMs, undefined, { signal });
  }
}
