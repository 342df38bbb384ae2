import { once } from 'node:events';
import { createServer, STATUS_CODES } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { ControlError, matchRoute } from './routes.ts';
import type { ControlReply, Route } from './routes.ts';

const MAX_BODY_BYTES = 1024 * 1024;

export interface ControlServer extends AsyncDisposable {
  readonly url: string;
}

/** The HTTP API of a running simulator: JSON in, JSON out, errors as problem+json. No authentication. */
export async function startControlServer(options: {
  routes: readonly Route[];
  host?: string;
  /** 0: any free port. */
  port?: number;
}): Promise<ControlServer> {
  const host = options.host ?? '127.0.0.1';
  const http = createServer((request, response) => {
    void respond(request, response, options.routes);
  });
  http.listen(options.port ?? 0, host);
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    async [Symbol.asyncDispose]() {
      http.close();
      http.closeAllConnections();
      if (http.listening) await once(http, 'close');
    },
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  routes: readonly Route[],
): Promise<void> {
  try {
    const { status = 200, body, type } = await handle(request, response, routes);
    if (body instanceof Uint8Array && type !== undefined)
      response.writeHead(status, { 'content-type': type }).end(body);
    else response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? {}));
  } catch (error) {
    const status = error instanceof ControlError ? error.status : 500;
    const detail = error instanceof Error ? error.message : String(error);
    response
      .writeHead(status, { 'content-type': 'application/problem+json' })
      .end(JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status, detail }));
  }
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  routes: readonly Route[],
): Promise<ControlReply> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://control');
  const match = matchRoute(routes, request.method ?? 'GET', pathname);
  if (!match) throw new ControlError(404, `nothing at ${pathname}`);
  if ('allow' in match) {
    response.setHeader('allow', match.allow.join(', '));
    throw new ControlError(405, `${pathname} takes ${match.allow.join(', ')}`);
  }
  return await match.route.handle({
    param(name) {
      const value = match.params.get(name);
      if (value === undefined) throw new Error(`the route has no parameter ${name}`);
      return value;
    },
    query: searchParams,
    body: await readBody(request),
  });
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new ControlError(413, 'the body is too large');
    chunks.push(chunk);
  }
  if (size === 0) return {};
  let body: unknown;
  try {
    body = JSON.parse(Buffer.concat(chunks).toString());
  } catch (cause) {
    throw new ControlError(400, 'the body is not JSON', { cause });
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new ControlError(400, 'the body is not a JSON object');
  }
  return body as Record<string, unknown>;
}
