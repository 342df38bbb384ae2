import { type Logger, errorReason, retryForever } from '@prosaas/runtime';

export interface ProviderApiOptions {
  url: string;
  accountSid: string;
  authToken: string;
  log: Logger;
}

const LIMIT_MS = 10_000;
const TOO_MANY_REQUESTS = 429;

/**
 * Hangs up calls through the provider's REST API that have failed here and that the provider still considers active. Otherwise callers would
 * listen to silence, and the call would cost money. https://www.twilio.com/docs/voice/api/call-resource#update-a-call-resource
 */
export class ProviderApi implements AsyncDisposable {
  readonly #options: ProviderApiOptions;
  readonly #stop = new AbortController();
  readonly #asking = new Set<Promise<void>>();

  constructor(options: ProviderApiOptions) {
    this.#options = options;
  }

  /** Retries for ten seconds. A refusal by the provider is fine: it knows that the call is over. */
  hangUp(callSid: string): void {
    const log = this.#options.log.child({ call_id: callSid });
    const work = retryForever(() => this.#complete(callSid), {
      signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(LIMIT_MS)]),
      baseMs: 500,
      maxMs: 3000,
      onError: (error, attempt) => {
        if (attempt === 1) log.debug({ err: error }, 'the provider could not be told to hang up yet');
      },
    }).then(
      (status) => log.info({ status }, 'the provider was told to hang up'),
      (error: unknown) => log.warn(errorReason(error), 'the provider could not be told to hang up'),
    );
    this.#asking.add(work);
    void work.finally(() => this.#asking.delete(work));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the service stops'));
    await Promise.all(this.#asking);
  }

  async #complete(callSid: string): Promise<number> {
    const { url, accountSid, authToken } = this.#options;
    const account = `${url.replace(/\/+$/, '')}/2010-04-01/Accounts/${encodeURIComponent(accountSid)}`;
    const response = await fetch(`${account}/Calls/${encodeURIComponent(callSid)}.json`, {
      method: 'POST',
      // A redirect must not carry the auth token elsewhere.
      redirect: 'error',
      headers: {
        authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`,
      },
      body: new URLSearchParams({ Status: 'completed' }),
      signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(LIMIT_MS)]),
    });
    await response.body?.cancel();
    if (response.status >= 500 || response.status === TOO_MANY_REQUESTS)
      throw new Error(`the provider answered ${response.status}`);
    return response.status;
  }
}
