import type { Keys } from '@prosaas/runtime';
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
  [{ basic: 'admin' }, ['admin']],
  [{ bearer: 'metrics-old' }, ['metrics']],
  [{ queryToken: 'metrics-new' }, ['metrics']],
  [{ internalSecret: 'internal' }, ['internal']],
  // Each key opens at its own door alone: what stands in a URL is no administrator.
  [{ queryToken: 'admin' }, []],
  [{ queryToken: 'api-1' }, []],
  [{ queryToken: 'internal' }, []],
  [{ apiKey: 'metrics-old' }, []],
  [{ apiKey: 'internal' }, []],
  [{ bearer: 'internal' }, []],
  [{ bearer: 'api-1' }, []],
  [{ basic: 'api-1' }, []],
  [{ basic: 'metrics-old' }, []],
  [{ basic: 'internal' }, []],
  [{ internalSecret: 'admin' }, []],
  [{ bearer: 'metrics-old', apiKey: 'api-1' }, ['business default', 'metrics']],
])('%j is %j', (shown, roles) => {
  const principals = principalsOf(keys, shown);
  expect(
    principals.map(({ role, businessId }) => (businessId === undefined ? role : `${role} ${businessId}`)),
  ).toEqual(roles);
});
