import type { FastifyReply, FastifyRequest } from 'fastify';
import { HOP_LIFETIME_MS, type SignedRequest, bodyHashOf, hopHeader, signHop } from './hop-signature.ts';
import { routePath } from './route-path.ts';

export interface ForwardOptions {
  /** Where to send the request: `http://host:port`. */
  origin: string;
  /** Instance that forwards. */
  from: string;
  /** Instance that is to answer, or `anyReplica`. */
  to: string;
  secret: string | undefined;
  signal: AbortSignal;
}

export interface ForwardedAnswer {
  status: number;
  headers: Headers;
  body: Buffer;
}

const FORWARDED_HEADERS = ['accept', 'content-type', 'idempotency-key'];
const RETURNED_HEADERS = ['content-type', 'cache-control', 'retry-after', 'location'];

/**
 * Forwards a request to another of our services, on behalf of the principal that this one authenticated. The request is rebuilt from
 * the matched route and signed for its target, so no key and nothing unvalidated from the client's request line is sent on.
 */
export async function forwardRequest(
  request: FastifyRequest,
  { origin, from, to, secret, signal }: ForwardOptions,
): Promise<ForwardedAnswer> {
  const { principal } = request;
  if (secret === undefined || principal === undefined)
    throw new TypeError('forwarding needs a principal and the internal secret');
  const headers = new Headers({ 'x-request-id': request.id });
  for (const name of FORWARDED_HEADERS) {
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
  const claims = { from, to, expiresAt: Date.now() + HOP_LIFETIME_MS, principal };
  headers.set(hopHeader, signHop(secret, signed, claims));
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

/** Answers with what the other service answered. */
export function sendForwardedAnswer(
  reply: FastifyReply,
  { status, headers, body }: ForwardedAnswer,
): FastifyReply {
  for (const name of RETURNED_HEADERS) {
    const value = headers.get(name);
    if (value !== null) reply.header(name, value);
  }
  return reply.code(status).send(body);
}

/** The path and query of the matched route, with only the parameters that its schema declares. */
function pathOf(request: FastifyRequest): string {
  const { url = '', schema } = request.routeOptions;
  const declared = (schema?.querystring as { properties?: Record<string, unknown> } | undefined)?.properties;
  // Validation has turned the declared parameters into plain values.
  const query = request.query as Record<string, string | number | boolean | undefined>;
  const declaredQuery = Object.fromEntries(Object.keys(declared ?? {}).map((name) => [name, query[name]]));
  return routePath(url, request.params as Record<string, unknown>, declaredQuery);
}
