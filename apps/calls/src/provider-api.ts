import { type Logger, errorReason, retryForever } from '@prosaas/runtime';

export interface ProviderApiOptions {
  url: string;
  accountSid: string;
  authToken: string;
  log: Logger;
}

const limitMs = 10_000;
const tooManyRequests = 429;

/**
 * The provider's REST API, for calls that are over on our side without the provider having said so: nobody shall go on
 * listening to silence, and paying for it. https://www.twilio.com/docs/voice/api/call-resource#update-a-call-resource
 */
export class ProviderApi implements AsyncDisposable {
  readonly #options: ProviderApiOptions;
  readonly #stop = new AbortController();
  readonly #asking = new Set<Promise<void>>();

  constructor(options: ProviderApiOptions) {
    this.#options = options;
  }

  /** Tried for some seconds. The provider refuses it for a call that it knows to be over, which is just as well. */
  hangUp(callSid: string): void {
    const log = this.#options.log.child({ call_id: callSid });
    const work = retryForever(() => this.#complete(callSid), {
      signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(limitMs)]),
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
      // The auth token is for this address alone.
      redirect: 'error',
      headers: {
        authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`,
      },
      body: new URLSearchParams({ Status: 'completed' }),
      signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(limitMs)]),
    });
    await response.body?.cancel();
    if (response.status >= 500 || response.status === tooManyRequests)
      throw new Error(`the provider answered ${response.status}`);
    return response.status;
  }
}
