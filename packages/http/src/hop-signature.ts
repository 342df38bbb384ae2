import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import type { Principal } from './keys.ts';

/** Header of a forwarded request (a hop between two of our services): its signature and the principal that it is forwarded for. */
export const hopHeader = 'x-prosaas-hop';
/** Target of a request for any replica of a service. The api uses it, because it does not know which replica holds a session. */
export const anyReplica = '*';

/** The parts of a forwarded request that its signature covers. */
export interface SignedRequest {
  method: string;
  /** With the query, as in the request line. */
  path: string;
  /** SHA-256 of the body in hex; of the empty string if there is no body. */
  bodyHash: string;
  requestId: string;
  idempotencyKey: string | undefined;
}

export interface HopClaims {
  /** Instance that forwards. */
  from: string;
  /** Instance that is to answer, or `anyReplica`. An instance gets a new name when it restarts. */
  to: string;
  /** Unix ms, by the clock of `from`. */
  expiresAt: number;
  /** Who sent the request to `from`. */
  principal: Principal;
  bodyHash: string;
}

/** `expired` also covers a signature from the future: the clocks of the two replicas differ too much. */
export type HopVerification =
  | { state: 'valid'; claims: HopClaims }
  | { state: 'expired' | 'other_replica'; claims: HopClaims }
  | { state: 'forged' };

export const HOP_LIFETIME_MS = 5000;
/** How much the clocks of two replicas may differ. */
export const MAX_CLOCK_SKEW_MS = 5000;

const VERSION = 'v1';

/** The value of the hop header: `v1.<claims>.<HMAC-SHA256>`. */
export function signHop(secret: string, request: SignedRequest, claims: Omit<HopClaims, 'bodyHash'>): string {
  const text = JSON.stringify({ ...claims, bodyHash: request.bodyHash } satisfies HopClaims);
  const encoded = Buffer.from(text).toString('base64url');
  return `${VERSION}.${encoded}.${macOf(secret, request, encoded).toString('base64url')}`;
}

/**
 * Verifies a request whose body has not been read yet: the caller compares the body with `claims.bodyHash` later. Until it expires, a
 * signature can be replayed as the same request at the replica that it names, or at each one if it is for any replica.
 */
export function verifyHop(
  secret: string,
  header: string,
  request: Omit<SignedRequest, 'bodyHash'>,
  { self, now }: { self: string; now: number },
): HopVerification {
  const [version, encoded, mac] = header.split('.', 3);
  if (version !== VERSION || encoded === undefined || mac === undefined) return { state: 'forged' };
  const claims = parseClaims(encoded);
  if (claims === undefined) return { state: 'forged' };
  const expected = macOf(secret, { ...request, bodyHash: claims.bodyHash }, encoded);
  const given = Buffer.from(mac, 'base64url');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return { state: 'forged' };
  if (claims.to !== self && claims.to !== anyReplica) return { state: 'other_replica', claims };
  const leftMs = claims.expiresAt - now;
  if (leftMs < -MAX_CLOCK_SKEW_MS || leftMs > HOP_LIFETIME_MS + MAX_CLOCK_SKEW_MS)
    return { state: 'expired', claims };
  return { state: 'valid', claims };
}

export function bodyHashOf(body: string | Uint8Array): string {
  return hash('sha256', body, 'hex');
}

// Joining with line breaks is unambiguous: no part can contain one. They come from HTTP's request line and headers, or are hex or base64.
function macOf(secret: string, request: SignedRequest, encodedClaims: string): Buffer {
  const { method, path, bodyHash, requestId, idempotencyKey = '' } = request;
  return createHmac('sha256', secret)
    .update(['prosaas hop', method, path, bodyHash, requestId, idempotencyKey, encodedClaims].join('\n'))
    .digest();
}

/** Untrusted until the signature has been checked. */
function parseClaims(encoded: string): HopClaims | undefined {
  try {
    const claims = JSON.parse(Buffer.from(encoded, 'base64url').toString()) as HopClaims | null;
    return typeof claims?.bodyHash === 'string' ? claims : undefined;
  } catch {
    return undefined;
  }
}
