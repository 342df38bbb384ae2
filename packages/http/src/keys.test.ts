import { hash } from 'node:crypto';
import type { KeyHolders, Keys } from '@prosaas/runtime';
import { expect, test } from 'vitest';
import { type Credentials, principalsOf } from './keys.ts';

const keys: Keys = {
  apiKeys: [
    { businessId: 'default', key: 'api-1' },
    { businessId: 'second', key: 'api-2' },
  ],
  adminKey: 'admin',
  metricsTokens: ['metrics-old', 'metrics-new'],
  internalSecret: 'internal',
};

const people: KeyHolders = new Map(
  (['staff', 'owner', 'admin'] as const).map((role) => [
    hash('sha256', `p-${role}`, 'base64url'),
    { id: role, name: role, role, businessId: 'second' },
  ]),
);

test.each<[Credentials, string[]]>([
  [{}, []],
  [{ apiKey: '' }, []],
  [{ apiKey: 'api-1' }, ['business default']],
  [{ apiKey: 'api-2' }, ['business second']],
  [{ apiKey: 'api-1 ' }, []],
  [{ apiKey: 'api-' }, []],
  [{ apiKey: 'admin' }, ['admin']],
  [{ adminKey: 'admin' }, ['admin']],
  [{ bearer: 'admin' }, ['admin']],
  [{ bearer: 'metrics-old' }, ['metrics']],
  [{ queryToken: 'metrics-new' }, ['metrics']],
  [{ internalSecret: 'internal' }, ['internal']],
  // Each key counts only where it is to be sent: the admin key does not count in a URL.
  [{ queryToken: 'admin' }, []],
  [{ queryToken: 'api-1' }, []],
  [{ queryToken: 'internal' }, []],
  [{ apiKey: 'metrics-old' }, []],
  [{ apiKey: 'internal' }, []],
  [{ bearer: 'internal' }, []],
  [{ bearer: 'api-1' }, []],
  [{ internalSecret: 'admin' }, []],
  [{ bearer: 'metrics-old', apiKey: 'api-1' }, ['business default', 'metrics']],
  // A person's key counts only where the person's role allows.
  [{ apiKey: 'p-staff' }, ['staff second']],
  [{ bearer: 'p-staff' }, []],
  [{ adminKey: 'p-owner' }, []],
  [{ apiKey: 'p-owner' }, ['owner second']],
  [{ apiKey: 'p-admin' }, ['admin second']],
  [{ bearer: 'p-admin' }, ['admin second']],
  [{ adminKey: 'p-admin' }, ['admin second']],
  [{ queryToken: 'p-admin' }, []],
  [{ internalSecret: 'p-admin' }, []],
])('credentials %j identify %j', (credentials, roles) => {
  const principals = principalsOf(keys, credentials, people);
  expect(
    principals.map(({ role, businessId }) => (businessId === undefined ? role : `${role} ${businessId}`)),
  ).toEqual(roles);
});
