import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import type { Principal } from './keys.ts';

/** Set on a request that one of our services forwards: its signature tells for whom it is. */
export const hopHeader = 'x-prosaas-hop';
/** Target of a request for any replica of a service: the api does not know who holds a session. */
export const anyReplica = '*';

/** What a signature covers of a request that one of our services forwards to another. */
export interface SignedRequest {
  method: string;
  /** With the query, as it stands in the request line. */
  path: string;
  /** SHA-256 of the body in hex; of nothing where there is none. */
  bodyHash: string;
  requestId: string;
  idempotencyKey: string | undefined;
}

export interface HopClaims {
  /** Instance that forwards. */
  from: string;
  /** Instance that is to answer, or `anyReplica`. A restart makes another one. */
  to: string;
  /** Milliseconds of the epoch, by the clock of `from`. */
  expiresAt: number;
  /** Who asked `from`. */
  principal: Principal;
  bodyHash: string;
}

/** `expired` also for one from the future: the clocks of the replicas differ too much. */
export type HopVerdict =
  | { state: 'valid'; claims: HopClaims }
  | { state: 'expired' | 'other_replica'; claims: HopClaims }
  | { state: 'forged' };

export const hopLifeMs = 5000;
/** How much the clocks of two replicas may differ. */
export const clockSkewMs = 5000;

const version = 'v1';

/** The value of the hop header: `v1.<claims>.<HMAC-SHA256>`. */
export function signHop(secret: string, request: SignedRequest, claims: Omit<HopClaims, 'bodyHash'>): string {
  const text = JSON.stringify({ ...claims, bodyHash: request.bodyHash } satisfies HopClaims);
  const encoded = Buffer.from(text).toString('base64url');
  return `${version}.${encoded}.${macOf(secret, request, encoded).toString('base64url')}`;
}

/**
 * Of a request whose body has not been read yet: the hash to hold it against is among the claims. Within its time a signature
 * can be replayed, at the replica that it names (or at each, where it is for any), as the same request.
 */
export function verifyHop(
  secret: string,
  header: string,
  request: Omit<SignedRequest, 'bodyHash'>,
  { self, now }: { self: string; now: number },
): HopVerdict {
  const [given, encoded, mac] = header.split('.', 3);
  if (given !== version || encoded === undefined || mac === undefined) return { state: 'forged' };
  const claims = parseClaims(encoded);
  if (claims === undefined) return { state: 'forged' };
  const expected = macOf(secret, { ...request, bodyHash: claims.bodyHash }, encoded);
  const shown = Buffer.from(mac, 'base64url');
  if (shown.length !== expected.length || !timingSafeEqual(shown, expected)) return { state: 'forged' };
  if (claims.to !== self && claims.to !== anyReplica) return { state: 'other_replica', claims };
  const left = claims.expiresAt - now;
  if (left < -clockSkewMs || left > hopLifeMs + clockSkewMs) return { state: 'expired', claims };
  return { state: 'valid', claims };
}

export function bodyHashOf(body: string | Uint8Array): string {
  return hash('sha256', body, 'hex');
}

// No part can hold a line break: the request's parts come out of HTTP's first line and headers, or are hex and base64.
function macOf(secret: string, request: SignedRequest, encodedClaims: string): Buffer {
  const { method, path, bodyHash, requestId, idempotencyKey = '' } = request;
  return createHmac('sha256', secret)
    .update(['prosaas hop', method, path, bodyHash, requestId, idempotencyKey, encodedClaims].join('\n'))
    .digest();
}

/** Nobody's word yet: the signature is checked after this. */
function parseClaims(encoded: string): HopClaims | undefined {
  try {
    const claims = JSON.parse(Buffer.from(encoded, 'base64url').toString()) as HopClaims | null;
    return typeof claims?.bodyHash === 'string' ? claims : undefined;
  } catch {
    return undefined;
  }
}
