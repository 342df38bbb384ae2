import { CheckFailure, classifyError } from '@prosaas/observability';

/** Asks another service; what goes wrong is told with its address to those who may see it. */
export async function askService(
  base: string,
  path: string,
  options: { signal: AbortSignal; headers?: Record<string, string> },
): Promise<unknown> {
  const url = new URL(path, base);
  let response: Response;
  try {
    response = await fetch(url, { ...options, redirect: 'error' });
    if (response.status === 200) return await response.json();
    await response.body?.cancel();
  } catch (cause) {
    throw new CheckFailure(classifyError(cause), { cause: innermost(cause), detail: { url: url.href } });
  }
  throw new CheckFailure('not_ready', { detail: { url: url.href, http_status: response.status } });
}

/** `fetch` says no more than "fetch failed"; its cause knows the address. */
function innermost(error: unknown): unknown {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  return inner;
}
