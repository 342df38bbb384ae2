/** Why a session stands still until a person acts. */
type StopReason =
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
  /** The codes shown to the person who pairs have run out. */
  qrExpired: boolean;
}

export interface History {
  /** Connections lost in a row, this one not counted. */
  attempts: number;
  /** Rounds of QR codes shown before this one since the session was started. */
  qrRounds: number;
}

export type Decision =
  | { action: 'reconnect'; delayMs: number; reason: string; error: boolean }
  | { action: 'stop'; reason: StopReason };

/** A connection that lasted this long makes the losses before it forgotten. */
export const STABLE_MS = 60_000;
/** A round shows about six codes, close to three minutes. */
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
 * What to do about a closed connection.
 *
 * 515 follows every pairing and wants a new connection at once. What a repeat can't cure, or what would fight with
 * another client over the account (440), stops. Everything else comes back after a growing delay with jitter.
 *
 * @param random in [0, 1): the jitter, so that a thousand sessions don't return in the same second.
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
 * Connections in a row that were closed here because messages could not be stored, one more being over. A message that the database
 * keeps refusing comes at every login: without a growing delay WhatsApp would see a login every few seconds, for ever.
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
