import { beforeAll, beforeEach, expect, test } from 'vitest';
import { queueKey } from './queue-keys.ts';
import { type StandIns, openStandIns } from './stand-ins.ts';
import { bullPrefix, onRedis } from './test-redis.ts';

const queue = 'outbound-messages';
const on = onRedis();
let standIns: StandIns;
beforeAll(() => {
  standIns = openStandIns({ redis: on.redis, bullPrefix });
});
beforeEach(() => on.server.onEveryNode('FLUSHALL'));

const key = (type: string): string => queueKey(bullPrefix, queue, type);
/** As BullMQ's scripts leave a job. */
const put = (id: string, fields: Record<string, string> = {}): Promise<unknown> =>
  on.redis.hset(key(id), { name: queue, ...fields });
const lock = (id: string, worker: string): Promise<unknown> => on.redis.set(key(`${id}:lock`), `${worker}:7`);
/** Job `by` of `worker` comes to the message of job `a`. */
const begin = (by: string, worker = 'mine'): ReturnType<StandIns['begin']> =>
  standIns.begin(queue, { job: 'a', by, token: `${worker}:1` });

test('one job stands in for another at a time, and the next when it is through', async () => {
  await put('a');
  await lock('b', 'mine');
  expect(await begin('b')).toBe('begun');
  expect(await standIns.isBegun(queue, 'a')).toBe(true);
  expect(await begin('c', 'other')).toBe('busy');
  await standIns.end(queue, 'a');
  expect(await standIns.isBegun(queue, 'a')).toBe(false);
  expect(await begin('c', 'other')).toBe('begun');
});

test('a job whose stand-in never came back is suspect, also to the stand-in when it runs again', async () => {
  await put('a');
  expect(await begin('b')).toBe('begun');
  expect(await begin('c', 'other')).toBe('suspect');
  await lock('b', 'third');
  expect(await begin('b', 'third')).toBe('suspect');
});

test.each<[string, () => Promise<unknown>, string]>([
  ['that another worker has', () => Promise.all([put('a'), lock('a', 'other')]), 'busy'],
  ['that waits in this worker', () => Promise.all([put('a'), lock('a', 'mine')]), 'begun'],
  [
    'that failed and is tried again later',
    () => Promise.all([put('a', { atm: '1' }), on.redis.zadd(key('delayed'), 1, 'a')]),
    'busy',
  ],
  [
    'that was handed back and comes later',
    () => Promise.all([put('a', { atm: '0' }), on.redis.zadd(key('delayed'), 1, 'a')]),
    'begun',
  ],
  ['that stalled', () => put('a', { stc: '1' }), 'suspect'],
  [
    'whose lock ran out while it was active',
    () => Promise.all([put('a'), on.redis.lpush(key('active'), 'a')]),
    'suspect',
  ],
])('a job %s is treated so', async (_which, make, outcome) => {
  await make();
  expect(await begin('b')).toBe(outcome);
});

test('a job that Redis lost is stood in for, and nothing of it is left', async () => {
  expect(await begin('b')).toBe('begun');
  expect(await on.redis.exists(key('a'))).toBe(0);
});
