import { randomBytes } from 'node:crypto';
import { type IncomingMessage, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PlacedCall } from './placed-call.ts';

export interface RestApi extends AsyncDisposable {
  url: string;
  accountSid: string;
  /** Calls in progress by sid; filled by the provider that uses this API. */
  calls: Map<string, PlacedCall>;
}

/** The one request of the provider's REST API that ends a call: https://www.twilio.com/docs/voice/api/call-resource */
export async function startRestApi({
  authToken,
  accountSid = `AC${randomBytes(16).toString('hex')}`,
  host = '127.0.0.1',
  port = 0,
}: {
  authToken: string;
  accountSid?: string;
  host?: string;
  /** 0: any free port. */
  port?: number;
}): Promise<RestApi> {
  const calls = new Map<string, PlacedCall>();
  const credentials = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`;

  const answer = async (request: IncomingMessage): Promise<number> => {
    if (request.headers.authorization !== credentials) return 401;
    const [, account, callSid = ''] =
      /^\/2010-04-01\/Accounts\/(\w+)\/Calls\/(\w+)\.json$/.exec(request.url ?? '') ?? [];
    if (request.method !== 'POST' || account !== accountSid) return 404;
    let body = '';
    for await (const chunk of request) body += String(chunk);
    if (new URLSearchParams(body).get('Status') !== 'completed') return 400;
    const call = calls.get(callSid);
    if (!call) return 404;
    call.complete();
    return 200;
  };

  const server = createServer((request, response) => {
    const reply = async (): Promise<void> => {
      const status = await answer(request);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ status }));
    };
    void reply();
  });
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    accountSid,
    calls,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
