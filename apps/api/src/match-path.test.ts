import { expect, test } from 'vitest';
import { matchPath } from './match-path.ts';

test.each<[string, string, Record<string, string> | undefined]>([
  ['/', '/', {}],
  ['/', '', undefined],
  ['/api/queues', '/api/queues', {}],
  ['/api/queues', '/api/queues/', undefined],
  ['/api/queues', '/api/jobs', undefined],
  ['/queue/:queueName', '/queue/inbound', { queueName: 'inbound' }],
  ['/queue/:queueName', '/queue/', undefined],
  ['/queue/:queueName', '/queue/inbound/1', undefined],
  ['/queue/:queueName/:jobId', '/queue/inbound/a%2Fb%20c', { queueName: 'inbound', jobId: 'a/b c' }],
  ['/queue/:queueName/logs', '/queue/inbound/flow', undefined],
])('%s and %s give %j', (pattern, path, params) => {
  expect(matchPath(pattern, path)).toEqual(params);
});
