import pg from 'pg';

const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/** What `pg` itself throws, without a code, when a connection is lost, can't be had, or doesn't answer. */
const WORDS =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Client was closed|Cannot use a pool after calling end)/;
/** A primary that became a standby, which a new connection does not lead to. */
const READ_ONLY = '25006';
/** A statement that was cancelled, by its time limit for one: the server is there. */
const CANCELLED = '57014';

/**
 * Whether an error that a repository threw means that PostgreSQL is not there for now (stopped, starting, failing over, cut off, out
 * of connections, memory or disk), as opposed to a fault of the statement. Such a call can be repeated later as it is.
 */
export function isDatabaseAway(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) {
    const code = error.code ?? '';
    return /^(?:08|53|57)/.test(code) ? code !== CANCELLED : code === READ_ONLY;
  }
  if (!(error instanceof Error)) return false;
  if (error.name === 'RollbackFailed') return isDatabaseAway(error.cause);
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(isDatabaseAway);
  return NETWORK.has((error as NodeJS.ErrnoException).code ?? '') || WORDS.test(error.message);
}
