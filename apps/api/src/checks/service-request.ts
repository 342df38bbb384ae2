import { CheckFailure, classifyError } from '@prosaas/observability';
import { parseJson } from '../parse-json.ts';

/**
 * Asks another service; what goes wrong is told with its address to those who may see it. What answers, but not with what
 * is expected, is another service: `unexpected_answer`.
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

/** `fetch` says no more than "fetch failed"; its cause knows the address. */
function innermost(error: unknown): unknown {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  return inner;
}
