export interface Answer {
  status: number;
  headers: Headers;
  /** The Content-Type header. */
  type: string | null;
  text: string;
  /** The body as JSON; undefined if it is not JSON. */
  body: Record<string, unknown> | undefined;
}

/** Sends a request over a new connection, because a kept one may belong to a service that has restarted. */
export async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, {
    signal: AbortSignal.timeout(40_000),
    redirect: 'manual',
    ...init,
    headers: { connection: 'close', ...(init.headers as Record<string, string> | undefined) },
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    type: response.headers.get('content-type'),
    text,
    body: parse(text),
  };
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

export const bearer = (token: string): { headers: Record<string, string> } => ({
  headers: { authorization: `Bearer ${token}` },
});

/** The reason codes of the checks in a probe's body, by name, without those that pass. */
export function reasonsOf(answer: Answer): Record<string, unknown> {
  const checks = (answer.body?.['checks'] ?? {}) as Record<string, { status?: string; reason?: string }>;
  return Object.fromEntries(
    Object.entries(checks)
      .filter(([, { status }]) => status !== 'pass')
      .map(([name, { reason }]) => [name, reason]),
  );
}

/** The part of the body at a path of names; undefined if there is none. */
export function partOf({ body }: Pick<Answer, 'body'>, ...path: string[]): unknown {
  let part: unknown = body;
  for (const name of path) part = (part as Record<string, unknown> | null | undefined)?.[name];
  return part;
}
