export interface Answer {
  status: number;
  headers: Headers;
  /** Content-Type as it was sent. */
  type: string | null;
  text: string;
  /** The body as JSON; undefined where it is none. */
  body: Record<string, unknown> | undefined;
}

/** One request over a connection of its own: an answer of a service that was just restarted is never mixed up. */
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

/** The reason codes of the checks in a probe's body, by name; those that pass are left out. */
export function reasonsOf(answer: Answer): Record<string, unknown> {
  const checks = (answer.body?.['checks'] ?? {}) as Record<string, { status?: string; reason?: string }>;
  return Object.fromEntries(
    Object.entries(checks)
      .filter(([, { status }]) => status !== 'pass')
      .map(([name, { reason }]) => [name, reason]),
  );
}

/** A part of the body, by the names that lead to it; undefined where there is none. */
export function partOf({ body }: Pick<Answer, 'body'>, ...path: string[]): unknown {
  let part: unknown = body;
  for (const name of path) part = (part as Record<string, unknown> | null | undefined)?.[name];
  return part;
}
