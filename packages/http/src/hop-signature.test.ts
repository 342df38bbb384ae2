import { expect, test } from 'vitest';
import {
  HOP_LIFETIME_MS,
  type HopVerification,
  MAX_CLOCK_SKEW_MS,
  type SignedRequest,
  anyReplica,
  bodyHashOf,
  signHop,
  verifyHop,
} from './hop-signature.ts';

const secret = 'the internal secret';
const now = 1_800_000_000_000;
const request: SignedRequest = {
  method: 'POST',
  path: '/api/main/auth/qr?format=raw',
  bodyHash: bodyHashOf('{"a":1}'),
  requestId: 'r1',
  idempotencyKey: 'k1',
};
const claims = {
  from: 'baileys:a:1',
  to: 'baileys:b:2',
  expiresAt: now + HOP_LIFETIME_MS,
  principal: { role: 'business', businessId: 'default' },
} as const;

interface Case {
  request?: Partial<SignedRequest>;
  secret?: string;
  header?: (signed: string) => string;
  self?: string;
  now?: number;
}

/** Changes the claims and keeps the signature. */
const withClaims = (change: object) => (signed: string) => {
  const [version, encoded, mac] = signed.split('.');
  const signedClaims = JSON.parse(Buffer.from(encoded ?? '', 'base64url').toString()) as object;
  const forged = Buffer.from(JSON.stringify({ ...signedClaims, ...change })).toString('base64url');
  return [version, forged, mac].join('.');
};

test.each<[string, Case, HopVerification['state']]>([
  ['as it was signed', {}, 'valid'],
  ['with another method', { request: { method: 'DELETE' } }, 'forged'],
  ['with another path', { request: { path: '/api/other/auth/qr?format=raw' } }, 'forged'],
  ['with another query', { request: { path: '/api/main/auth/qr?format=image' } }, 'forged'],
  ['without its query', { request: { path: '/api/main/auth/qr' } }, 'forged'],
  ['with another idempotency key', { request: { idempotencyKey: 'k2' } }, 'forged'],
  ['without its idempotency key', { request: { idempotencyKey: undefined } }, 'forged'],
  ['with another request id', { request: { requestId: 'r2' } }, 'forged'],
  ['with a part moved into another', { request: { requestId: 'r1\nk1', idempotencyKey: '' } }, 'forged'],
  ['under another secret', { secret: 'the internal secre' }, 'forged'],
  ['with another expiry', { header: withClaims({ expiresAt: now + 1 }) }, 'forged'],
  ['with another body', { header: withClaims({ bodyHash: bodyHashOf('{"a":2}') }) }, 'forged'],
  ['with another principal', { header: withClaims({ principal: { role: 'admin' } }) }, 'forged'],
  ['with another target', { header: withClaims({ to: 'baileys:c:3' }), self: 'baileys:c:3' }, 'forged'],
  ['at another replica', { self: 'baileys:c:3' }, 'other_replica'],
  ['after a restart of its target', { self: 'baileys:b:3' }, 'other_replica'],
  ['at the end of its lifetime', { now: now + HOP_LIFETIME_MS + MAX_CLOCK_SKEW_MS }, 'valid'],
  ['after its lifetime', { now: now + HOP_LIFETIME_MS + MAX_CLOCK_SKEW_MS + 1 }, 'expired'],
  ['verified by a clock that is behind by the allowed skew', { now: now - MAX_CLOCK_SKEW_MS }, 'valid'],
  ['verified by a clock that is behind by more', { now: now - MAX_CLOCK_SKEW_MS - 1 }, 'expired'],
  ['with a truncated signature', { header: (signed) => signed.slice(0, -1) }, 'forged'],
  ['without a signature', { header: (signed) => signed.slice(0, signed.lastIndexOf('.') + 1) }, 'forged'],
  ['of another version', { header: (signed) => signed.replace('v1', 'v2') }, 'forged'],
  ['of an older build', { header: () => '1' }, 'forged'],
  ['empty', { header: () => '' }, 'forged'],
  [
    'with claims that are not an object',
    { header: (signed) => signed.replace(/\..*\./, '.bnVsbA.') },
    'forged',
  ],
])('verifies a hop %s', (_name, change, state) => {
  const signed = signHop(secret, request, claims);
  const { bodyHash: _unread, ...received } = { ...request, ...change.request };
  const verification = verifyHop(change.secret ?? secret, change.header?.(signed) ?? signed, received, {
    self: change.self ?? claims.to,
    now: change.now ?? now,
  });
  const signedClaims = { ...claims, bodyHash: request.bodyHash };
  expect(verification).toMatchObject(state === 'forged' ? { state } : { state, claims: signedClaims });
});

test('a hop for any replica is valid at each', () => {
  const signed = signHop(secret, request, { ...claims, to: anyReplica });
  const { bodyHash: _unread, ...received } = request;
  for (const self of ['baileys:a:1', 'baileys:b:2'])
    expect(verifyHop(secret, signed, received, { self, now })).toMatchObject({ state: 'valid' });
});
