import { signal } from '@preact/signals';

/** Who is signed in: GET /api/me. */
export interface Me {
  role: 'metrics' | 'business' | 'staff' | 'owner' | 'admin';
  business_id: string | null;
  person: { id: string; name: string; role: string } | null;
}
/** `null`: nobody is signed in. `undefined`: not known yet. */
export const me = signal<Me | null | undefined>(undefined);

/** An error response, or no response at all (`status` 0). `message` is shown to people. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

interface Problem {
  code?: string;
  detail?: string;
  title?: string;
  errors?: { field: string; message: string }[];
}

const TIME_LIMIT_MS = 20_000;

/**
 * Sends a request to the REST api.
 *
 * @param path relative to the page, without a leading slash (`api/calls?limit=50`), so that any path prefix works
 * @throws ApiError
 */
export async function api<T>(
  method: string,
  path: string,
  {
    body,
    signal: aborted,
    headers,
    limitMs = TIME_LIMIT_MS,
  }: { body?: unknown; signal?: AbortSignal; headers?: Record<string, string>; limitMs?: number } = {},
): Promise<T> {
  const limit = AbortSignal.timeout(limitMs);
  const sentBy = me.peek();
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: {
        // Protects against requests from other sites: they cannot send this header.
        'x-requested-with': 'console',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: aborted === undefined ? limit : AbortSignal.any([limit, aborted]),
      credentials: 'same-origin',
      redirect: 'error',
    });
  } catch (error) {
    if (aborted?.aborted === true) throw error;
    throw new ApiError(0, 'NO_ANSWER', 'The api does not answer. Is it running?');
  }
  if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T;
  const problem = (await response.json().catch(() => ({}))) as Problem;
  // Unless somebody else has signed in since the request was sent.
  if (response.status === 401 && !path.startsWith('api/sign-in') && me.peek() === sentBy) me.value = null;
  throw new ApiError(response.status, problem.code ?? 'ERROR', textOf(problem, response.status));
}

function textOf({ detail, title, errors }: Problem, status: number): string {
  const fields = (errors ?? []).map(({ field, message }) => `${field.replace(/^\w+\./, '')} ${message}`);
  return [detail ?? title ?? `The api answered ${status}.`, ...fields].join(' ');
}

export const get = <T>(path: string, aborted?: AbortSignal): Promise<T> =>
  api<T>('GET', path, aborted === undefined ? {} : { signal: aborted });

/** Any error as an `ApiError`, to be shown on the page. */
export const asApiError = (reason: unknown): ApiError =>
  reason instanceof ApiError ? reason : new ApiError(0, 'ERROR', String(reason));

/** Adds query parameters to a path, without those that are undefined or empty. */
export function withQuery(
  path: string,
  query: Record<string, string | number | boolean | undefined>,
): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}
