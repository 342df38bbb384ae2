import { cutText } from '@prosaas/runtime';
import { ModelFailure } from './failure.ts';

export interface ModelRequest {
  url: string;
  apiKey: string;
  body: object;
  /** Aborts at the deadline, which holds for the whole response. */
  deadline: AbortSignal;
  /** Aborts when the caller gives up. */
  signal: AbortSignal;
}

/** Most bytes of a response. A long completion has about 20 KB. */
export const RESPONSE_BYTES: number = 1024 * 1024;

const openAiUrl = 'https://api.openai.com/v1';

/** The URL of chat completions. Keeps the query of the base URL, which some servers need. */
export function completionsUrl(baseUrl: string = openAiUrl): string {
  const url = new URL(baseUrl);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/chat/completions`;
  return url.href;
}

/**
 * Posts to the model's server and returns the JSON of its answer. Redirects are not followed: they would carry the key and the customer's
 * words elsewhere.
 * @throws ModelFailure, or the reason of `signal` where that aborts.
 */
export async function requestModel(request: ModelRequest): Promise<unknown> {
  const { url, apiKey, body, deadline, signal } = request;
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${apiKey}`,
        'content-type': 'application/json',
        accept: 'application/json',
      },
      body: JSON.stringify(body),
      redirect: 'manual',
      signal: AbortSignal.any([signal, deadline]),
    });
    refuseUnreadable(response);
    text = await readText(response);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ModelFailure) throw error;
    if (deadline.aborted)
      throw new ModelFailure('timeout', 'the model took longer than the time limit', { cause: error });
    throw new ModelFailure('refused', `the model's server: ${connectionReason(error)}`, { cause: error });
  }
  const value = parseJson(text);
  if (!response.ok) throw statusFailure(response, value, apiKey);
  if (value === undefined) throw new ModelFailure('bad_reply', "the model's server did not answer with JSON");
  // Some servers answer 200 with an error in the body.
  const { error, choices } = (value ?? {}) as { error?: unknown; choices?: unknown };
  if (error !== undefined && error !== null && choices === undefined)
    throw statusFailure(response, value, apiKey);
  return value;
}

function refuseUnreadable(response: Response): void {
  const type = response.headers.get('content-type') ?? '';
  const isRedirect = response.status >= 300 && response.status < 400;
  if (!isRedirect && !type.startsWith('text/event-stream')) return;
  void response.body?.cancel().catch(() => {});
  throw new ModelFailure(
    'bad_reply',
    isRedirect
      ? `the model's server redirects (${response.status}): set OPENAI_BASE_URL to where it is`
      : "the model's server streams although it was told not to",
  );
}

async function readText({ body }: Response): Promise<string> {
  if (body === null) return '';
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  // Leaving the loop cancels the rest.
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > RESPONSE_BYTES)
      throw new ModelFailure('bad_reply', `the model's server sent more than ${RESPONSE_BYTES} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The innermost code is the most specific: `ECONNREFUSED`. */
function connectionReason(error: unknown): string {
  const { cause, code, message } = error as { cause?: unknown; code?: unknown; message?: string };
  if (cause instanceof Error) return connectionReason(cause);
  return typeof code === 'string' ? code : (message ?? 'no connection');
}

const quotaWords = /quota|billing|credit|balance|insufficient.?funds/i;
const contentWords = /content.?(?:filter|policy)|moderation/i;

function statusFailure({ status, headers }: Response, value: unknown, apiKey: string): ModelFailure {
  const { error } = (value ?? {}) as { error?: unknown };
  const { code, type, message } = (typeof error === 'object' && error !== null ? error : {}) as Record<
    string,
    unknown
  >;
  const effectiveStatus = status < 400 ? Number(code) || status : status;
  const codes = [code, type].filter((one) => typeof one === 'string').join(' ');
  const words = `${codes} ${typeof message === 'string' ? message : ''}`;
  // The message about a bad request may quote the request.
  const shown = effectiveStatus === 400 || effectiveStatus === 422 ? codes : words;
  const text = cutText(shown.replaceAll(apiKey, '***').replaceAll(/\s+/g, ' ').trim(), 200);
  const reason = `the model's server answered ${effectiveStatus}${text === '' ? '' : `: ${text}`}`;
  if ((effectiveStatus === 400 || effectiveStatus === 403) && contentWords.test(codes))
    return new ModelFailure('refusal', reason, { isAboutText: true });
  if (
    effectiveStatus === 402 ||
    ((effectiveStatus === 429 || effectiveStatus === 403) && quotaWords.test(words))
  )
    return new ModelFailure('quota', reason);
  if (effectiveStatus === 401 || effectiveStatus === 403) return new ModelFailure('unauthorized', reason);
  if (effectiveStatus === 404) return new ModelFailure('not_found', reason);
  if (effectiveStatus === 408) return new ModelFailure('timeout', reason);
  const retryAfterMs = retryAfter(headers.get('retry-after'));
  if (effectiveStatus === 429) return new ModelFailure('rate_limited', reason, { retryAfterMs });
  if (effectiveStatus >= 500) return new ModelFailure('server_error', reason, { retryAfterMs });
  if (effectiveStatus >= 400)
    return new ModelFailure('bad_request', reason, { isAboutTools: /\btools?\b/i.test(words) });
  return new ModelFailure('bad_reply', reason);
}

function retryAfter(text: string | null): number | undefined {
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return ms > 0 ? ms : undefined;
}
