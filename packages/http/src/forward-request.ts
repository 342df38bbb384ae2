import type { FastifyReply, FastifyRequest } from 'fastify';
import { type SignedRequest, bodyHashOf, hopHeader, hopLifeMs, signHop } from './hop-signature.ts';
import { routePath } from './route-path.ts';

export interface ForwardOptions {
  /** Where it goes: `http://host:port`. */
  origin: string;
  /** The instance that forwards, and the one that is to answer, or `anyReplica`. */
  from: string;
  to: string;
  secret: string | undefined;
  signal: AbortSignal;
}

export interface ForwardedAnswer {
  status: number;
  headers: Headers;
  body: Buffer;
}

const PASSED_ON = ['accept', 'content-type', 'idempotency-key'];
const PASSED_BACK = ['content-type', 'cache-control', 'retry-after', 'location'];

/**
 * Asks another of our services what this one was asked. The request is rebuilt from the matched route, for the principal that was let
 * in here, with a signature for its target: no secret travels, and nothing of the request line as the client wrote it.
 */
export async function forwardRequest(
  request: FastifyRequest,
  { origin, from, to, secret, signal }: ForwardOptions,
): Promise<ForwardedAnswer> {
  const { principal } = request;
  if (secret === undefined || principal === undefined) throw new TypeError('nobody was let in');
  const headers = new Headers({ 'x-request-id': request.id });
  for (const name of PASSED_ON) {
    const value = request.headers[name];
    if (typeof value === 'string') headers.set(name, value);
  }
  const hasBody = request.body !== undefined && request.body !== null;
  const body = hasBody ? JSON.stringify(request.body) : '';
  if (hasBody) headers.set('content-type', 'application/json');
  else headers.delete('content-type');
  const path = pathOf(request);
  const signed: SignedRequest = {
    method: request.method,
    path,
    bodyHash: bodyHashOf(body),
    requestId: request.id,
    idempotencyKey: headers.get('idempotency-key') ?? undefined,
  };
  headers.set(hopHeader, signHop(secret, signed, { from, to, expiresAt: Date.now() + hopLifeMs, principal }));
  const response = await fetch(`${origin}${path}`, {
    method: request.method,
    headers,
    ...(hasBody && { body }),
    redirect: 'error',
    signal,
  });
  return {
    status: response.status,
    headers: response.headers,
    body: Buffer.from(await response.arrayBuffer()),
  };
}

/** Answers with what the other service said. */
export function passBack(reply: FastifyReply, { status, headers, body }: ForwardedAnswer): FastifyReply {
  for (const name of PASSED_BACK) {
    const value = headers.get(name);
    if (value !== null) reply.header(name, value);
  }
  return reply.code(status).send(body);
}

/** By the route's pattern and its schemas: nothing else that stands in the request line is passed on. */
function pathOf(request: FastifyRequest): string {
  const { url = '', schema } = request.routeOptions;
  const declared = (schema?.querystring as { properties?: Record<string, unknown> } | undefined)?.properties;
  // Its schema has made plain values of those that it declares.
  const query = request.query as Record<string, string | number | boolean | undefined>;
  const passedOn = Object.fromEntries(Object.keys(declared ?? {}).map((name) => [name, query[name]]));
  return routePath(url, request.params as Record<string, unknown>, passedOn);
}
