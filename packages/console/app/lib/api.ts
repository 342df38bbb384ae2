import { signal } from '@preact/signals';

/** Who is signed in; null: nobody, undefined: not known yet. */
export interface Me {
  role: 'metrics' | 'business' | 'staff' | 'owner' | 'admin';
  business_id: string | null;
  person: { id: string; name: string; role: string } | null;
}
export const me = signal<Me | null | undefined>(undefined);

/** A refusal, or no answer at all (`status` 0). `message` is for people. */
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
 * Asks the REST api. `path` begins without a slash (`api/calls?limit=50`): it is beside the page, under whatever prefix that
 * is. @throws ApiError
 */
export async function api<T>(
  method: string,
  path: string,
  {
    body,
    signal: aborted,
    headers,
  }: { body?: unknown; signal?: AbortSignal; headers?: Record<string, string> } = {},
): Promise<T> {
  const limit = AbortSignal.timeout(TIME_LIMIT_MS);
  const asker = me.peek();
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: {
        // What tells the api that this page asks, and no other site.
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
  // Of one who is signed in no more: not of who signed in meanwhile.
  if (response.status === 401 && !path.startsWith('api/sign-in') && me.peek() === asker) me.value = null;
  throw new ApiError(response.status, problem.code ?? 'ERROR', textOf(problem, response.status));
}

function textOf({ detail, title, errors }: Problem, status: number): string {
  const fields = (errors ?? []).map(({ field, message }) => `${field.replace(/^\w+\./, '')} ${message}`);
  return [detail ?? title ?? `The api answered ${status}.`, ...fields].join(' ');
}

export const get = <T>(path: string, aborted?: AbortSignal): Promise<T> =>
  api<T>('GET', path, aborted === undefined ? {} : { signal: aborted });

/** What a failure of whatever kind is for the page. */
export const asApiError = (reason: unknown): ApiError =>
  reason instanceof ApiError ? reason : new ApiError(0, 'ERROR', String(reason));

/** `api/calls` and its parameters; those that are undefined or empty are left out. */
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
