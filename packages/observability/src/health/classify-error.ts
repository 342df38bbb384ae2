import { CheckFailure } from './check.ts';

/** By error code, of the operating system and of undici. The codes of a server are for its check, which throws a `CheckFailure`. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'refused',
  EPIPE: 'refused',
  ENOTFOUND: 'refused',
  EAI_AGAIN: 'refused',
  EHOSTUNREACH: 'refused',
  ENETUNREACH: 'refused',
  UND_ERR_SOCKET: 'refused',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  ABORT_ERR: 'timeout',
};

/** By error text: Redis errors, which begin with their kind, and errors of clients that set no code. */
const TEXTS: readonly (readonly [RegExp, string])[] = [
  [/^(LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|NOREPLICAS) /, 'not_ready'],
  [/^(WRONGPASS|NOAUTH|NOPERM) /, 'refused'],
  [/^READONLY /, 'read_only'],
  [/^OOM /, 'out_of_memory'],
  // Redis refuses writes because it could not save its append-only file or a snapshot.
  [/^MISCONF /, 'append_failed'],
  [/timed? ?out|timeout|took longer/i, 'timeout'],
  [
    /connection (is|was|terminated|ended|closed)|connect(ion)? .*(closed|refused|terminated)|max retries|isn't writeable/i,
    'refused',
  ],
];

/**
 * The short code of an error that a check threw, such as `refused` or `timeout`; `error` when the error is not known. Looks at up to five
 * errors along the chain of causes, and at the first of an `AggregateError`.
 */
export function classifyError(error: unknown): string {
  for (let next: unknown = error, depth = 0; next instanceof Error && depth < 5; depth++) {
    const reason = classifyOne(next);
    if (reason !== undefined) return reason;
    // One error for each address that was tried; the first is enough.
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
