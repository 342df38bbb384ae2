/** What an error of PostgreSQL, or of the connection to it, means for the caller. */
export type DatabaseErrorKind =
  /** The server does not answer or accepts no work now: stopped, starting, failing over, unreachable, out of connections. */
  | 'unavailable'
  /** The server answers but cannot store anything: read-only, disk full, out of memory. */
  | 'cannot_write'
  /** A lock, a deadlock or a time limit ended the statement; the same statement may succeed next time. */
  | 'busy'
  /** Tables, columns or grants differ from what this build expects. An operator has to repair them. */
  | 'mismatch'
  /** The data contradicts other rows: a unique, foreign key or check constraint. */
  | 'conflict'
  /** PostgreSQL can never store this value, in this database or another. */
  | 'invalid_data'
  /** Any other error of the server. */
  | 'other';

export interface DatabaseErrorClass {
  readonly kind: DatabaseErrorKind;
  /** The reason code that health shows for it. */
  readonly reason: string;
}

/**
 * By SQLSTATE or by its class (the first two characters); the longest match counts.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const STATES: Readonly<Record<string, DatabaseErrorClass>> = {
  '08': { kind: 'unavailable', reason: 'refused' },
  '0A': { kind: 'mismatch', reason: 'error' },
  '22': { kind: 'invalid_data', reason: 'error' },
  '23': { kind: 'conflict', reason: 'error' },
  '25006': { kind: 'cannot_write', reason: 'read_only' },
  '28': { kind: 'unavailable', reason: 'refused' },
  '3D': { kind: 'unavailable', reason: 'refused' },
  '3F': { kind: 'mismatch', reason: 'error' },
  '40': { kind: 'busy', reason: 'error' },
  '42': { kind: 'mismatch', reason: 'error' },
  '42501': { kind: 'mismatch', reason: 'permission_denied' },
  '53': { kind: 'cannot_write', reason: 'error' },
  '53100': { kind: 'cannot_write', reason: 'disk_full' },
  '53200': { kind: 'cannot_write', reason: 'out_of_memory' },
  '53300': { kind: 'unavailable', reason: 'refused' },
  '55P03': { kind: 'busy', reason: 'timeout' },
  '57': { kind: 'unavailable', reason: 'refused' },
  '57014': { kind: 'busy', reason: 'timeout' },
  '57P03': { kind: 'unavailable', reason: 'not_ready' },
  '58': { kind: 'cannot_write', reason: 'error' },
};

const OTHER: DatabaseErrorClass = { kind: 'other', reason: 'error' };
const REFUSED: DatabaseErrorClass = { kind: 'unavailable', reason: 'refused' };
const TIMEOUT: DatabaseErrorClass = { kind: 'unavailable', reason: 'timeout' };

const NETWORK: Readonly<Record<string, DatabaseErrorClass>> = {
  ECONNREFUSED: REFUSED,
  ECONNRESET: REFUSED,
  EPIPE: REFUSED,
  EHOSTUNREACH: REFUSED,
  ENETUNREACH: REFUSED,
  ENOTFOUND: REFUSED,
  EAI_AGAIN: REFUSED,
  ETIMEDOUT: TIMEOUT,
};

/** Errors that `pg` throws without a code when a connection is lost, cannot be opened, or does not answer. */
const TEXTS: readonly (readonly [RegExp, DatabaseErrorClass])[] = [
  [/^(timeout exceeded when trying to connect|Query read timeout)/, TIMEOUT],
  [
    /^(Connection terminated|Client has encountered a connection error|Client was closed|Cannot use a pool after calling end)/,
    REFUSED,
  ],
];

/** Undefined for an error that is not the database's, such as a bug or an outage of another service. */
export function classifyDatabaseError(error: unknown): DatabaseErrorClass | undefined {
  if (!(error instanceof Error)) return undefined;
  if (isServerError(error)) return classifyState(error);
  if (error.name === 'RollbackFailed') return classifyDatabaseError(error.cause);
  if (error instanceof AggregateError) {
    // Several addresses were tried; the first error tells why.
    const classes = error.errors.map(classifyDatabaseError);
    return classes.every((one) => one?.kind === 'unavailable') ? classes[0] : undefined;
  }
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined && Object.hasOwn(NETWORK, code)) return NETWORK[code];
  return TEXTS.find(([text]) => text.test(error.message))?.[1];
}

/** An error that the server sent, as `pg` reports it. */
type ServerError = Error & { code: string; severity: string };

function isServerError(error: Error): error is ServerError {
  const { code, severity } = error as Partial<ServerError>;
  return typeof code === 'string' && typeof severity === 'string';
}

function classifyState({ code, severity }: ServerError): DatabaseErrorClass {
  const known = STATES[code] ?? STATES[code.slice(0, 2)];
  // A fatal error ended the session or prevented it: whatever its code, there is no connection.
  if (severity === 'FATAL' || severity === 'PANIC') {
    return { kind: 'unavailable', reason: known?.kind === 'unavailable' ? known.reason : 'refused' };
  }
  return known ?? OTHER;
}

/**
 * Whether the same statement may succeed later with the same data: PostgreSQL is down, busy or cannot write, or an operator has to
 * repair tables or grants first.
 */
export function isRetryableDatabaseError(error: unknown): boolean {
  const kind = classifyDatabaseError(error)?.kind;
  return kind !== undefined && kind !== 'invalid_data' && kind !== 'conflict';
}

/**
 * Whether PostgreSQL is down or cannot write, as opposed to a fault of the statement. The call can be repeated unchanged.
 */
export function isDatabaseOutage(error: unknown): boolean {
  const kind = classifyDatabaseError(error)?.kind;
  return kind === 'unavailable' || kind === 'cannot_write';
}
