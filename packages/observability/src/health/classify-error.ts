import { CheckFailure } from './check.ts';

/** Errors by code: of the system, PostgreSQL (SQLSTATE), undici. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'refused',
  EPIPE: 'refused',
  ENOTFOUND: 'refused',
  EAI_AGAIN: 'refused',
  EHOSTUNREACH: 'refused',
  ENETUNREACH: 'refused',
  UND_ERR_SOCKET: 'refused',
  '53300': 'refused', // too many connections
  '28P01': 'refused', // wrong password
  '28000': 'refused',
  '3D000': 'refused', // no such database
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  ABORT_ERR: 'timeout',
  '57014': 'timeout', // statement time limit
  '57P01': 'refused', // shutting down, crashed, starting
  '57P02': 'refused',
  '57P03': 'not_ready',
};

/** Clients that give their errors no code. */
const TEXTS: readonly (readonly [RegExp, string])[] = [
  [/^(LOADING|BUSY|MASTERDOWN) /, 'not_ready'],
  [/^(WRONGPASS|NOAUTH|NOPERM) /, 'refused'],
  [/timed? ?out|timeout|took longer/i, 'timeout'],
  [
    /connection (is|was|terminated|ended|closed)|connect(ion)? .*(closed|refused|terminated)|max retries|isn't writeable/i,
    'refused',
  ],
];

/** The short code for an error that a check threw. Looks through causes; `error` when nothing is known about it. */
export function classifyError(error: unknown): string {
  for (let next: unknown = error, depth = 0; next instanceof Error && depth < 5; depth++) {
    const reason = classifyOne(next);
    if (reason !== undefined) return reason;
    // Several addresses were tried: the first says enough.
    next =
      next instanceof AggregateError && next.errors.length > 0 ? (next.errors[0] as unknown) : next.cause;
  }
  return 'error';
}

function classifyOne(error: Error): string | undefined {
  if (error instanceof CheckFailure) return error.reason;
  if (error.name === 'AbortError' || error.name === 'TimeoutError' || error.name === 'TimeLimitReached')
    return 'timeout';
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && Object.hasOwn(REASONS, code)) return REASONS[code];
  return TEXTS.find(([text]) => text.test(error.message))?.[1];
}
