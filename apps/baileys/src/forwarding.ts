import { type ForwardedAnswer, forwardRequest, sendForwardedAnswer } from '@prosaas/http';
import type { Owner } from '@prosaas/leases';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { OwnerUnreachable, OwnershipUnknown } from './errors.ts';
import { RETRY_AFTER_SECONDS } from './hops.ts';
import type { Owners } from './owners.ts';

/** Longer than a send may take, shorter than the worker waits. */
const TIME_LIMIT_MS = 25_000;
/** A QR code is waited for, up to 30 s. */
const READ_TIME_LIMIT_MS = 35_000;

export interface ForwardingOptions {
  owners: Owners;
  internalSecret: () => string | undefined;
  /** Whether another replica forwarded a request to this one as the session's holder. */
  isFromReplica: (request: FastifyRequest) => boolean;
}

export class Forwarding {
  readonly #options: ForwardingOptions;

  constructor(options: ForwardingOptions) {
    this.#options = options;
  }

  /** The other replica that holds a session; undefined for a request that was forwarded to us as its holder. */
  async otherOwner(request: FastifyRequest, sessionId: string): Promise<Owner | undefined> {
    const { owners, isFromReplica } = this.#options;
    if (isFromReplica(request)) return undefined;
    let owner: Owner | undefined;
    try {
      owner = await owners.ownerOf(sessionId);
    } catch (error) {
      throw new OwnershipUnknown({ cause: error });
    }
    return owner && owner.instance !== owners.self.instance ? owner : undefined;
  }

  /** Lets the holder answer. */
  async forward(
    request: FastifyRequest,
    reply: FastifyReply,
    sessionId: string,
    owner: Owner,
  ): Promise<FastifyReply> {
    const { internalSecret, owners } = this.#options;
    let answer: ForwardedAnswer;
    try {
      answer = await forwardRequest(request, {
        origin: originOf(owner),
        from: owners.self.instance,
        to: owner.instance,
        secret: internalSecret(),
        signal: AbortSignal.timeout(request.method === 'GET' ? READ_TIME_LIMIT_MS : TIME_LIMIT_MS),
      });
    } catch (error) {
      throw unreachable(reply, sessionId, error);
    }
    // Our keys are in the same database: it has not read them yet, or runs an older build that knows no signature.
    if (answer.status === 401) throw unreachable(reply, sessionId);
    return sendForwardedAnswer(reply, answer);
  }
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
