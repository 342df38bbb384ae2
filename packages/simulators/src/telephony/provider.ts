import { randomBytes } from 'node:crypto';
import { CallerStream } from './caller-stream.ts';
import { type CallPlan, PlacedCall } from './placed-call.ts';
import type { Signature, WebhookAnswer } from './webhook-types.ts';
import type { RestApi } from './rest-api.ts';
import { signWebhook } from './signature.ts';

export interface TelephonyProviderOptions {
  authToken: string;
  /** Where the calls service listens: `http://127.0.0.1:5050`. */
  webhookUrl: string;
  /** The service's public address, which signatures cover. Default: `webhookUrl`. */
  publicUrl?: string;
  /** REST API with which the service ends calls. */
  api?: RestApi;
  /** Factor by which callers are faster than real time. Default 1. */
  speed?: number;
}

/** A telephony provider as the service sees it: signed webhooks, media streams, status callbacks. */
export interface TelephonyProvider extends AsyncDisposable {
  readonly accountSid: string;
  /** Places a call; resolves once the service has answered the webhook and the media stream, if any, is open. */
  call(plan?: CallPlan): Promise<PlacedCall>;
  /** Sends one webhook. */
  post(path: string, parameters: Record<string, string>, signature?: Signature): Promise<WebhookAnswer>;
  /** The same with GET: the parameters are in the query string, and the signature covers only the URL. */
  get(path: string, parameters: Record<string, string>): Promise<WebhookAnswer>;
}

export function startTelephonyProvider(options: TelephonyProviderOptions): TelephonyProvider {
  const webhookUrl = options.webhookUrl.replace(/\/+$/, '');
  const publicUrl = (options.publicUrl ?? webhookUrl).replace(/\/+$/, '');
  const accountSid = options.api?.accountSid ?? `AC${randomBytes(16).toString('hex')}`;
  const calls = options.api?.calls ?? new Map<string, PlacedCall>();

  const post: TelephonyProvider['post'] = async (path, parameters, signature = 'valid') => {
    const signed = signWebhook(options.authToken, `${publicUrl}${path}`, parameters);
    const forged = signWebhook(`not ${options.authToken}`, `${publicUrl}${path}`, parameters);
    const response = await fetch(`${webhookUrl}${path}`, {
      method: 'POST',
      body: new URLSearchParams(parameters),
      headers:
        signature === 'missing' ? {} : { 'x-twilio-signature': signature === 'valid' ? signed : forged },
    });
    return answerOf(response);
  };
  const get: TelephonyProvider['get'] = async (path, parameters) => {
    const target = `${path}?${new URLSearchParams(parameters).toString()}`;
    const signed = signWebhook(options.authToken, `${publicUrl}${target}`, {});
    return answerOf(await fetch(`${webhookUrl}${target}`, { headers: { 'x-twilio-signature': signed } }));
  };

  return {
    accountSid,
    post,
    get,
    call: async (plan = {}) => {
      const call = new PlacedCall(plan, {
        accountSid,
        post,
        postTo: (url, parameters) => {
          if (!url.startsWith(publicUrl)) throw new Error(`${url} is not an address of the service`);
          return post(url.slice(publicUrl.length), parameters);
        },
        openStream: ({ url, ...stream }) =>
          CallerStream.open({
            ...stream,
            url: reachable(url, publicUrl, webhookUrl),
            signature: signWebhook(options.authToken, url, {}),
            accountSid,
            speed: options.speed ?? 1,
          }),
      });
      calls.set(call.sid, call);
      void call.ended.then(() => calls.delete(call.sid));
      await call.place();
      return call;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...calls.values()].map((call) => call.abandon()));
    },
  };
}

async function answerOf(response: Response): Promise<WebhookAnswer> {
  const contentType = response.headers.get('content-type') ?? '';
  return { status: response.status, contentType, body: await response.text() };
}

/** Replaces the service's public address by the one at which it listens. */
function reachable(url: string, publicUrl: string, webhookUrl: string): string {
  const known = publicUrl.replace(/^http/, 'ws');
  return url.startsWith(known) ? `${webhookUrl.replace(/^http/, 'ws')}${url.slice(known.length)}` : url;
}
