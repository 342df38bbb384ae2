import { expect, test } from 'vitest';
import {
  type HopVerdict,
  type SignedRequest,
  anyReplica,
  bodyHashOf,
  clockSkewMs,
  hopLifeMs,
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
  expiresAt: now + hopLifeMs,
  principal: { role: 'business', businessId: 'default' },
} as const;

interface Case {
  request?: Partial<SignedRequest>;
  secret?: string;
  header?: (signed: string) => string;
  self?: string;
  now?: number;
}

/** Another payload under the same signature. */
const claiming = (change: object) => (signed: string) => {
  const [version, encoded, mac] = signed.split('.');
  const kept = JSON.parse(Buffer.from(encoded ?? '', 'base64url').toString()) as object;
  const forged = Buffer.from(JSON.stringify({ ...kept, ...change })).toString('base64url');
  return [version, forged, mac].join('.');
};

test.each<[string, Case, HopVerdict['state']]>([
  ['as it was signed', {}, 'valid'],
  ['with another method', { request: { method: 'DELETE' } }, 'forged'],
  ['with another path', { request: { path: '/api/other/auth/qr?format=raw' } }, 'forged'],
  ['with another query', { request: { path: '/api/main/auth/qr?format=image' } }, 'forged'],
  ['without its query', { request: { path: '/api/main/auth/qr' } }, 'forged'],
  ['with another idempotency key', { request: { idempotencyKey: 'k2' } }, 'forged'],
  ['without its idempotency key', { request: { idempotencyKey: undefined } }, 'forged'],
  ['with another request id', { request: { requestId: 'r2' } }, 'forged'],
  ['with parts that were moved', { request: { requestId: 'r1\nk1', idempotencyKey: '' } }, 'forged'],
  ['under another secret', { secret: 'the internal secre' }, 'forged'],
  ['with another expiry', { header: claiming({ expiresAt: now + 1 }) }, 'forged'],
  ['with another body', { header: claiming({ bodyHash: bodyHashOf('{"a":2}') }) }, 'forged'],
  ['with another principal', { header: claiming({ principal: { role: 'admin' } }) }, 'forged'],
  ['with another target', { header: claiming({ to: 'baileys:c:3' }), self: 'baileys:c:3' }, 'forged'],
  ['at another replica', { self: 'baileys:c:3' }, 'other_replica'],
  ['after a restart of its target', { self: 'baileys:b:3' }, 'other_replica'],
  ['with its last breath', { now: now + hopLifeMs + clockSkewMs }, 'valid'],
  ['after its time', { now: now + hopLifeMs + clockSkewMs + 1 }, 'expired'],
  ['by a clock that is behind by the skew', { now: now - clockSkewMs }, 'valid'],
  ['by a clock that is behind by more', { now: now - clockSkewMs - 1 }, 'expired'],
  ['with a cut signature', { header: (signed) => signed.slice(0, -1) }, 'forged'],
  ['with no signature', { header: (signed) => signed.slice(0, signed.lastIndexOf('.') + 1) }, 'forged'],
  ['of another version', { header: (signed) => signed.replace('v1', 'v2') }, 'forged'],
  ['of an older build', { header: () => '1' }, 'forged'],
  ['empty', { header: () => '' }, 'forged'],
  ['with claims that are none', { header: (signed) => signed.replace(/\..*\./, '.bnVsbA.') }, 'forged'],
])('a hop %s is judged', (_name, change, state) => {
  const signed = signHop(secret, request, claims);
  const { bodyHash: _unread, ...shown } = { ...request, ...change.request };
  const verdict = verifyHop(change.secret ?? secret, change.header?.(signed) ?? signed, shown, {
    self: change.self ?? claims.to,
    now: change.now ?? now,
  });
  const told = { ...claims, bodyHash: request.bodyHash };
  expect(verdict).toMatchObject(state === 'forged' ? { state } : { state, claims: told });
});

test('a hop for any replica is valid at each', () => {
  const signed = signHop(secret, request, { ...claims, to: anyReplica });
  const { bodyHash: _unread, ...shown } = request;
  for (const self of ['baileys:a:1', 'baileys:b:2'])
    expect(verifyHop(secret, signed, shown, { self, now })).toMatchObject({ state: 'valid' });
});
