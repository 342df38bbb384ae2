import { type ForwardedAnswer, forwardRequest, sendForwardedAnswer } from '@prosaas/http';
import type { Owner } from '@prosaas/leases';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { OwnerUnreachable, OwnershipUnknown } from './errors.ts';
import { RETRY_AFTER_SECONDS } from './hops.ts';
import type { Owners } from './owners.ts';

/** Longer than a send takes, shorter than the worker waits. */
const TIME_LIMIT_MS = 25_000;
/** A QR code is waited for up to 30 s. */
const READ_TIME_LIMIT_MS = 35_000;

export interface ForwardingOptions {
  owners: Owners;
  internalSecret: () => string | undefined;
  /** Whether another replica forwarded the request to this one as the owner of its session. */
  isFromReplica: (request: FastifyRequest) => boolean;
}

/** Forwards requests to the replica that holds their session. */
export class Forwarding {
  readonly #options: ForwardingOptions;

  constructor(options: ForwardingOptions) {
    this.#options = options;
  }

  /** The replica that holds a session, if it is another one. Undefined for a forwarded request, which goes no further. */
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

  /** Sends the request to the owner, and its answer back. */
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
    // The owner has not read the current keys from the database yet, or runs an older build that does not know signatures.
    if (answer.status === 401) throw unreachable(reply, sessionId);
    return sendForwardedAnswer(reply, answer);
  }
}

/** The URL came through Redis: only HTTP is accepted. */
function originOf({ url }: Owner): string {
  const { protocol, origin } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') throw new TypeError(`not an HTTP URL: ${protocol}`);
  return origin;
}

function unreachable(reply: FastifyReply, sessionId: string, cause?: unknown): OwnerUnreachable {
  reply.header('retry-after', RETRY_AFTER_SECONDS);
  return new OwnerUnreachable(sessionId, { cause });
}
