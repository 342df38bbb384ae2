/** A request that was answered with an error, or not at all. */
export class Unanswered extends Error {
  override name = 'Unanswered';
  /** Undefined if no server was reached. */
  readonly status: number | undefined;

  constructor(message: string, status?: number, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

const TIMEOUT_MS = 40_000;

/** Sends and receives JSON. `method` defaults to POST with a body, otherwise to GET. @throws Unanswered */
export async function askHttp<T>(
  url: string,
  { key, method, body }: { key?: string; method?: 'POST' | 'DELETE'; body?: unknown } = {},
): Promise<T> {
  const { pathname } = new URL(url);
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(key !== undefined && { 'x-api-key': key }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    text = await response.text();
  } catch (cause) {
    throw new Unanswered(`${pathname} was not answered`, undefined, { cause });
  }
  if (!response.ok)
    throw new Unanswered(`${pathname}: ${response.status} ${detailOf(text)}`, response.status);
  return (text.startsWith('{') ? JSON.parse(text) : text) as T;
}

function detailOf(text: string): string {
  try {
    return (JSON.parse(text) as { detail?: string }).detail ?? text;
  } catch {
    return text.slice(0, 200);
  }
}
