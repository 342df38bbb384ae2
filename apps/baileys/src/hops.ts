import { hash, timingSafeEqual } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Owner } from '@prosaas/leases';
import {
  type AuditedUse,
  type GuardOptions,
  type HopClaims,
  bodyHashOf,
  hopHeader,
  verifyHop,
} from '@prosaas/http';
import { AppError, type Logger, type OutageLog, outageLog } from '@prosaas/runtime';
import type { FastifyRequest, RequestPayload } from 'fastify';
import { HopRefused, HopUnsigned } from './errors.ts';

/** The header's value in requests of older builds, which send the internal secret instead of a signature. */
const UNSIGNED = '1';
/** Bytes of a forwarded body. */
const BODY_LIMIT = 1_048_576;
/** The `retry-after` header of answers that ask for a retry. */
export const RETRY_AFTER_SECONDS = '1';

type AuthenticateForwarded = NonNullable<GuardOptions['authenticateForwarded']>;

/** Checks the signatures of requests that other replicas and the api forward to this one. Such a request is a hop. */
export class Hops {
  readonly #self: Owner;
  readonly #refusals: OutageLog;
  readonly #accepted = new WeakMap<FastifyRequest, Pick<HopClaims, 'from' | 'to' | 'bodyHash'>>();

  constructor({ self, log }: { self: Owner; log: Logger }) {
    this.#self = self;
    this.#refusals = outageLog(log, {
      waiting: 'requests from other replicas are refused',
      begins: 'requests from other replicas are refused',
      ends: 'requests from other replicas are accepted again',
      repeats: false,
    });
  }

  /** For `guard`: authenticates a forwarded request as its original sender. */
  readonly authenticate: AuthenticateForwarded = (request, reply, { internalSecret }) => {
    const header = request.headers[hopHeader];
    if (header === undefined) return undefined;
    if (typeof header !== 'string') return [];
    if (header === UNSIGNED && isSame(request.headers['x-internal-secret'], internalSecret)) {
      reply.header('retry-after', RETRY_AFTER_SECONDS);
      throw this.#refused(new HopUnsigned(), { why: 'unsigned' });
    }
    const verdict = verifyHop(internalSecret, header, signedPartsOf(request), {
      self: this.#self.instance,
      now: Date.now(),
    });
    if (verdict.state === 'forged') return [];
    const { from, to, bodyHash, principal, expiresAt } = verdict.claims;
    if (verdict.state !== 'valid') {
      const ms_left = expiresAt - Date.now();
      reply.header('retry-after', RETRY_AFTER_SECONDS);
      throw this.#refused(new HopRefused(), { from, why: verdict.state, ms_left });
    }
    this.#accepted.set(request, { from, to, bodyHash });
    this.#refusals.worked();
    return [principal];
  };

  /** For `preParsing`: refuses a hop whose body is not the one that was signed. */
  readonly checkBody = async (request: FastifyRequest, payload: RequestPayload): Promise<RequestPayload> => {
    const hop = this.#accepted.get(request);
    if (hop === undefined) return payload;
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of payload as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > BODY_LIMIT) throw new BodyChanged();
      chunks.push(chunk);
    }
    const body = Buffer.concat(chunks);
    if (bodyHashOf(body) !== hop.bodyHash) {
      throw this.#refused(new BodyChanged(), { from: hop.from, why: 'body' });
    }
    const read = Object.assign(new Readable({ read() {} }), { receivedEncodedLength: length });
    read.push(body);
    read.push(null);
    return read;
  };

  /** The instance that forwarded an accepted request. */
  readonly fromOf = (request: FastifyRequest): string | undefined => this.#accepted.get(request)?.from;

  /** Whether another replica forwarded the request to this instance. The api forwards to any instance. */
  readonly isFromReplica = (request: FastifyRequest): boolean =>
    this.#accepted.get(request)?.to === this.#self.instance;

  #refused(error: AppError, fields: object): AppError {
    this.#refusals.failed(error, { fields });
    return error;
  }
}

class BodyChanged extends AppError {
  override code = 'UNAUTHENTICATED';
  override status = 401;

  constructor() {
    super('The signature does not match the body');
  }
}

/** The parts of a request that its signature covers, as they are sent. */
function signedPartsOf(request: FastifyRequest): Parameters<typeof verifyHop>[2] {
  const key = request.headers['idempotency-key'];
  return {
    method: request.method,
    path: request.raw.url ?? '',
    requestId: request.id,
    idempotencyKey: typeof key === 'string' ? key : undefined,
  };
}

function isSame(given: unknown, expected: string): boolean {
  const digest = (text: string): Buffer => hash('sha256', text, 'buffer');
  return typeof given === 'string' && timingSafeEqual(digest(given), digest(expected));
}

/**
 * Audits each forwarded request of a person. Requests of programs (the worker, or an API key) are frequent: one line a
 * minute for each action, business and forwarding replica.
 */
export function auditHops<T extends AuditedUse & { from?: string | undefined }>(
  audit: (use: T) => void,
  now: () => number = Date.now,
): (use: T) => void {
  let minute = 0;
  const seen = new Set<string>();
  return (use) => {
    const current = Math.floor(now() / 60_000);
    if (current !== minute) seen.clear();
    minute = current;
    const line = [use.role, use.action, use.businessId, use.from].join(' ');
    if (use.role !== 'admin' && use.person === undefined && seen.has(line)) return;
    seen.add(line);
    audit({ ...use, action: `forwarded ${use.action}` });
  };
}
