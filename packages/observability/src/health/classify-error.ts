import { CheckFailure } from './check.ts';

/** Errors by code: of the system and undici. What a server's own codes mean is for its checks to say, by `CheckFailure`. */
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

/** Redis, whose errors begin with a word for their kind, and clients that give their errors no code. */
const TEXTS: readonly (readonly [RegExp, string])[] = [
  [/^(LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|NOREPLICAS) /, 'not_ready'],
  [/^(WRONGPASS|NOAUTH|NOPERM) /, 'refused'],
  [/^READONLY /, 'read_only'],
  [/^OOM /, 'out_of_memory'],
  // It refuses writes because it could not save: its append-only file, or a snapshot where it makes some.
  [/^MISCONF /, 'append_failed'],
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
