import type { Principal } from '@prosaas/http';
import type { Owner } from '@prosaas/leases';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { OwnerUnreachable, OwnershipUnknown } from './errors.ts';
import { type SignedRequest, bodyHashOf, hopLifeMs, signHop } from './hop-signature.ts';
import { HOP_HEADER, RETRY_AFTER_SECONDS, isHop } from './hops.ts';
import type { Owners } from './owners.ts';
import { routePath } from './route-path.ts';

/** Longer than a send may take, shorter than the worker waits. */
const TIME_LIMIT_MS = 25_000;
/** A QR code is waited for, up to 30 s. */
const READ_TIME_LIMIT_MS = 35_000;
const PASSED_ON = ['accept', 'content-type', 'idempotency-key'];
const PASSED_BACK = ['content-type', 'cache-control', 'retry-after'];

export interface ForwardingOptions {
  owners: Owners;
  internalSecret: () => string | undefined;
}

export class Forwarding {
  readonly #options: ForwardingOptions;

  constructor(options: ForwardingOptions) {
    this.#options = options;
  }

  /** The other replica that holds a session; undefined for a request that was forwarded to us as its holder. */
  async otherOwner(request: FastifyRequest, sessionId: string): Promise<Owner | undefined> {
    if (isHop(request)) return undefined;
    const { owners } = this.#options;
    let owner: Owner | undefined;
    try {
      owner = await owners.ownerOf(sessionId);
    } catch (error) {
      throw new OwnershipUnknown({ cause: error });
    }
    return owner && owner.instance !== owners.self.instance ? owner : undefined;
  }

  /**
   * Lets the holder answer. It gets the request rebuilt from the matched route, for the principal that was let in here, with a
   * signature for it alone: no secret travels, and nothing of the request line as the client wrote it.
   */
  async forward(
    request: FastifyRequest,
    reply: FastifyReply,
    sessionId: string,
    owner: Owner,
  ): Promise<FastifyReply> {
    let response: Response;
    let body: Buffer;
    try {
      response = await this.#ask(request, owner);
      body = Buffer.from(await response.arrayBuffer());
    } catch (error) {
      throw unreachable(reply, sessionId, error);
    }
    // Our keys are in the same database: it has not read them yet, or runs an older build that knows no signature.
    if (response.status === 401) throw unreachable(reply, sessionId);
    for (const name of PASSED_BACK) {
      const value = response.headers.get(name);
      if (value !== null) reply.header(name, value);
    }
    return reply.code(response.status).send(body);
  }

  async #ask(request: FastifyRequest, owner: Owner): Promise<Response> {
    const { internalSecret, owners } = this.#options;
    const secret = internalSecret();
    if (secret === undefined || request.principal === undefined) throw new TypeError('nobody was let in');
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
    headers.set(HOP_HEADER, signHop(secret, signed, claimsOf(request.principal, owners.self, owner)));
    return fetch(`${originOf(owner)}${path}`, {
      method: request.method,
      headers,
      ...(hasBody && { body }),
      redirect: 'error',
      signal: AbortSignal.timeout(request.method === 'GET' ? READ_TIME_LIMIT_MS : TIME_LIMIT_MS),
    });
  }
}

function claimsOf(principal: Principal, self: Owner, owner: Owner): Parameters<typeof signHop>[2] {
  return { from: self.instance, to: owner.instance, expiresAt: Date.now() + hopLifeMs, principal };
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

/** What a lease says of its owner came through Redis. */
function originOf({ url }: Owner): string {
  const { protocol, origin } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') throw new TypeError(`${protocol} is no HTTP`);
  return origin;
}

function unreachable(reply: FastifyReply, sessionId: string, cause?: unknown): OwnerUnreachable {
  reply.header('retry-after', RETRY_AFTER_SECONDS);
  return new OwnerUnreachable(sessionId, { cause });
}
