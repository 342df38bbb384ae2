/**
 * Keeps secrets out of log lines, in two steps: `scrub` cleans objects before they are serialised (key material is bytes), `redactLine`
 * cleans the finished line, which catches a token inside a URL, a message or a stack.
 */
const REDACTED = '[redacted]';

// Every repetition is bounded, so that matching takes linear time.
const secretName =
  '[\\w-]{0,40}(?:authorization|cookie|token|secret|passw(?:or)?d|credential|api[_-]?key|admin[_-]?key|auth[_-]?key|private[_-]?key|priv[_-]?key|root[_-]?key|chain[_-]?key|x-twilio-signature)[\\w-]{0,40}';
const secretField = new RegExp(`^${secretName}$`, 'i');
const secretInJson = new RegExp(`"(${secretName})":"(?:[^"\\\\]|\\\\.)*"`, 'gi');
const secretInQuery =
  /([?&;](?:[\w-]{0,40}(?:token|secret|passw(?:or)?d|signature|key)|code)=)[^&\s"'\\#;]+/gi;
const secretInUserInfo = /(\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^\s"'\\/@:]{0,200}:[^\s"'\\/@]{0,200}@/gi;
const secretInHeader = /\b(bearer|authorization[:\s]{1,5}basic)\s{1,5}[\w~+/.=-]{6,}/gi;

/** Hides tokens in text: in queries of URLs, in user info of URLs, after `Bearer`. */
function redactText(text: string): string {
  return text
    .replace(secretInQuery, `$1${REDACTED}`)
    .replace(secretInUserInfo, `$1${REDACTED}@`)
    .replace(secretInHeader, `$1 ${REDACTED}`);
}

/** Hides secrets in a serialised line. */
export function redactLine(line: string): string {
  return redactText(line.replace(secretInJson, `"$1":"${REDACTED}"`));
}

const MAX_DEPTH = 6;
const MAX_ITEMS = 100;

/** A plain copy: bytes and fields with a secret's name are replaced, errors are described by `describeError`. */
export function scrub(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (depth >= MAX_DEPTH) return '[too deep]';
  if (value instanceof Error) return describeError(value, depth);
  if (value instanceof URL) return value.href;
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => scrub(item, depth + 1));
  if (value instanceof Map || value instanceof Set) return `[${value.size} entries]`;
  const copy: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    copy[name] = secretField.test(name) && isSecret(field) ? REDACTED : scrub(field, depth + 1);
  }
  return copy;
}

// Numbers are kept: `tokens: 3` is a count.
function isSecret(field: unknown): boolean {
  return typeof field === 'string' || (typeof field === 'object' && field !== null);
}

interface DescribedError {
  type: string;
  message: string;
  stack?: string;
  code?: unknown;
  status?: unknown;
  cause?: unknown;
  errors?: unknown[];
}

/** Copies only known fields: a database error holds the row in `detail`, a Redis error the command's arguments. */
export function describeError(error: Error, depth = 0): unknown {
  const described: DescribedError = { type: error.name, message: error.message };
  if (error.stack !== undefined) described.stack = error.stack;
  if ('code' in error) described.code = error.code;
  if ('status' in error) described.status = error.status;
  if (error.cause !== undefined) described.cause = scrub(error.cause, depth + 1);
  if (error instanceof AggregateError) described.errors = scrub(error.errors, depth + 1) as unknown[];
  return described;
}
