/** Why a session stops until a person acts. */
export type StopReason =
  | 'logged_out'
  | 'temporarily_banned'
  | 'forbidden'
  | 'client_outdated'
  | 'banned'
  | 'client_refused'
  | 'multidevice_mismatch'
  | 'replaced'
  | 'qr_timeout';

export interface Closed {
  /** WhatsApp's close code; undefined when the library gave none. */
  code: number | undefined;
  /** The code comes from the connection (DNS, TLS, an HTTP status of the upgrade), not from WhatsApp. */
  transport: boolean;
  /** WhatsApp sent no further QR codes. */
  qrExpired: boolean;
}

export interface History {
  /** Connections lost in a row before this one. */
  attempts: number;
  /** Rounds of QR codes that were shown since the session was started, without this one. */
  qrRounds: number;
}

export type Decision =
  | { action: 'reconnect'; delayMs: number; reason: string; error: boolean }
  | { action: 'stop'; reason: StopReason };

/** A connection that lasted longer resets the counts of lost and stalled connections. */
export const STABLE_MS = 60_000;
/** A round shows about six codes and lasts close to three minutes. */
export const MAX_QR_ROUNDS = 3;
const BASE_MS = 1000;
const MAX_MS = 60_000;

const STOPS: Record<number, StopReason> = {
  401: 'logged_out',
  402: 'temporarily_banned',
  403: 'forbidden',
  405: 'client_outdated',
  406: 'banned',
  409: 'client_refused',
  411: 'multidevice_mismatch',
  440: 'replaced',
};

const REASONS: Record<number, string> = {
  408: 'connection_lost',
  428: 'connection_closed',
  500: 'bad_session',
  503: 'unavailable',
  515: 'restart_required',
};

/**
 * Decides what follows a closed connection.
 *
 * 515 follows every pairing and asks for a new connection at once. A code that a new connection can't cure stops the
 * session, and so does 440: reconnecting would throw out another client that has replaced this one. After any other code
 * the session reconnects, with a growing delay and jitter.
 *
 * @param random in [0, 1): the jitter, so that a thousand sessions don't reconnect in the same second
 */
export function decideReconnect(closed: Closed, history: History, random: number): Decision {
  if (closed.qrExpired) {
    return history.qrRounds + 1 >= MAX_QR_ROUNDS
      ? { action: 'stop', reason: 'qr_timeout' }
      : { action: 'reconnect', delayMs: 0, reason: 'qr_expired', error: false };
  }
  const stop = closed.transport || closed.code === undefined ? undefined : STOPS[closed.code];
  if (stop) return { action: 'stop', reason: stop };
  if (closed.code === 515 && history.attempts === 0) {
    return { action: 'reconnect', delayMs: 0, reason: 'restart_required', error: false };
  }
  const reason = closed.transport ? 'unreachable' : (REASONS[closed.code ?? 0] ?? 'connection_closed');
  const error = !closed.transport && (closed.code ?? 0) >= 500 && closed.code !== 515;
  return { action: 'reconnect', delayMs: reconnectDelay(history.attempts, random), reason, error };
}

/**
 * Counts the connections in a row that this process closed because messages could not be stored.
 *
 * WhatsApp delivers a message that the database keeps refusing at every login. Without a delay that grows with this count,
 * WhatsApp would see a login every few seconds, for ever.
 */
export function stallsInRow(
  before: number,
  { stalled, hasStored, lastedMs }: { stalled: boolean; hasStored: boolean; lastedMs: number },
): number {
  const counted = hasStored || lastedMs > STABLE_MS ? 0 : before;
  return stalled ? counted + 1 : counted;
}

/** Between half and all of 1 s, 2 s, 4 s … 60 s. */
export function reconnectDelay(attempts: number, random: number): number {
  const ceiling = Math.min(MAX_MS, BASE_MS * 2 ** Math.min(attempts, 16));
  return Math.round(ceiling * (0.5 + random / 2));
}
