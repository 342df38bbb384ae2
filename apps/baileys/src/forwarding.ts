import type { Owner } from '@prosaas/leases';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { OwnerUnreachable, OwnershipUnknown } from './errors.ts';
import type { Owners } from './owners.ts';

/** Set on what one replica passes on to another: it is answered there, or not at all. */
const HOP_HEADER = 'x-prosaas-hop';
/** Longer than a send may take, shorter than the worker waits. */
const TIME_LIMIT_MS = 25_000;
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

  isHop(request: FastifyRequest): boolean {
    return request.headers[HOP_HEADER] !== undefined;
  }

  /** The other replica that holds a session; undefined for one that was passed on to us as its holder. */
  async otherOwner(request: FastifyRequest, sessionId: string): Promise<Owner | undefined> {
    if (this.isHop(request)) return undefined;
    const { owners } = this.#options;
    let owner: Owner | undefined;
    try {
      owner = await owners.ownerOf(sessionId);
    } catch (error) {
      throw new OwnershipUnknown({ cause: error });
    }
    return owner && owner.instance !== owners.self.instance ? owner : undefined;
  }

  /** Lets the holder answer. The roles were checked here; between the replicas the internal secret opens the door. */
  async forward(
    request: FastifyRequest,
    reply: FastifyReply,
    sessionId: string,
    owner: Owner,
  ): Promise<FastifyReply> {
    const headers = new Headers({
      'x-internal-secret': this.#options.internalSecret() ?? '',
      [HOP_HEADER]: '1',
      'x-request-id': request.id,
    });
    for (const name of PASSED_ON) {
      const value = request.headers[name];
      if (typeof value === 'string') headers.set(name, value);
    }
    const hasBody = request.body !== undefined && request.body !== null;
    if (!hasBody) headers.delete('content-type');
    let response: Response;
    let body: Buffer;
    try {
      response = await fetch(new URL(request.url, owner.url), {
        method: request.method,
        headers,
        ...(hasBody && { body: JSON.stringify(request.body) }),
        redirect: 'error',
        signal: AbortSignal.timeout(TIME_LIMIT_MS),
      });
      body = Buffer.from(await response.arrayBuffer());
    } catch (error) {
      throw new OwnerUnreachable(sessionId, { cause: error });
    }
    // Its keys are ours, out of the same database: it has not read them yet.
    if (response.status === 401) throw new OwnerUnreachable(sessionId);
    for (const name of PASSED_BACK) {
      const value = response.headers.get(name);
      if (value !== null) reply.header(name, value);
    }
    return reply.code(response.status).send(body);
  }
}
