import { CheckFailure, classifyError } from '@prosaas/observability';
import { parseJson } from '../parse-json.ts';

/**
 * Requests JSON from another service. Throws `CheckFailure` with the URL in its details. An answer in another form is
 * `unexpected_answer`: another service listens at the URL.
 */
export async function askService<T>(
  base: string,
  path: string,
  isAnswer: (body: unknown) => body is T,
  options: { signal: AbortSignal; headers?: Record<string, string> },
): Promise<T> {
  const url = new URL(path, base);
  const detail = { url: url.href };
  let status: number;
  let text: string;
  try {
    const response = await fetch(url, { ...options, redirect: 'manual' });
    status = response.status;
    text = await response.text();
  } catch (cause) {
    throw new CheckFailure(classifyError(cause), { cause: innermost(cause), detail });
  }
  if (status !== 200) {
    const reason = status >= 500 ? 'not_ready' : 'unexpected_answer';
    throw new CheckFailure(reason, { detail: { ...detail, http_status: status } });
  }
  const body = parseJson(text);
  if (isAnswer(body)) return body;
  throw new CheckFailure('unexpected_answer', { detail: { ...detail, http_status: status } });
}

/** The message of `fetch` is only "fetch failed". Its cause has the address. */
function innermost(error: unknown): unknown {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  return inner;
}
