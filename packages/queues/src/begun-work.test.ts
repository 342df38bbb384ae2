import { beforeAll, beforeEach, expect, test } from 'vitest';
import { type BegunWork, openBegunWork } from './begun-work.ts';
import { queueKey } from './queue-keys.ts';
import { bullPrefix, onRedis } from './test-redis.ts';

const queue = 'outbound-messages';
const on = onRedis();
let begunWork: BegunWork;
beforeAll(() => {
  begunWork = openBegunWork({ redis: on.redis, bullPrefix });
});
beforeEach(() => on.server.onEveryNode('FLUSHALL'));

const key = (type: string): string => queueKey(bullPrefix, queue, type);
/** As BullMQ's scripts leave a job. */
const put = (id: string, fields: Record<string, string> = {}): Promise<unknown> =>
  on.redis.hset(key(id), { name: queue, ...fields });
const lock = (id: string, worker: string): Promise<unknown> => on.redis.set(key(`${id}:lock`), `${worker}:7`);
/** Job `by` of `worker` comes to the message of job `a`. */
const begin = async (by: string, worker = 'mine'): ReturnType<BegunWork['begin']> => {
  await lock(by, worker);
  return begunWork.begin(queue, { job: 'a', by, token: `${worker}:7` });
};
/** And so it does in a sandbox. */
const beginApart = async (
  process: string,
  by = 'b',
  worker = 'mine',
): ReturnType<BegunWork['beginApart']> => {
  await lock(by, worker);
  return begunWork.beginApart(queue, { job: 'a', by, token: `${worker}:7`, process });
};
/** As when the worker of a job dies, or stands still for too long. */
const unlock = (id: string): Promise<unknown> => on.redis.del(key(`${id}:lock`));

test.each([
  ['a job that is there', () => put('a')],
  ['one that Redis lost', async () => {}],
])('one works on the message of %s at a time, and the next when it is through', async (_which, make) => {
  await make();
  expect(await begin('b')).toBe('begun');
  expect(await begunWork.isNoted(queue, 'a')).toBe(true);
  expect(await begin('c', 'other')).toBe('busy');
  expect(await beginApart('1', 'c', 'other')).toBe('busy');
  await begunWork.end(queue, 'a');
  expect(await begunWork.isNoted(queue, 'a')).toBe(false);
  expect(await begin('c', 'other')).toBe('begun');
});

test('what was never ended is suspect, also to whoever began it', async () => {
  expect(await begin('b')).toBe('begun');
  await unlock('b');
  expect(await begin('c', 'other')).toBe('suspect');
  expect(await begin('b', 'third')).toBe('suspect');
});

test.each<[string, () => Promise<unknown>, string, string]>([
  ['that another worker has', () => Promise.all([put('a'), lock('a', 'other')]), 'busy', 'busy'],
  ['that waits in this worker', () => Promise.all([put('a'), lock('a', 'mine')]), 'begun', 'begun'],
  [
    'that failed and is tried again later',
    () => Promise.all([put('a', { atm: '1' }), on.redis.zadd(key('delayed'), 1, 'a')]),
    'busy',
    'busy',
  ],
  [
    'that was handed back and comes later',
    () => Promise.all([put('a', { atm: '0' }), on.redis.zadd(key('delayed'), 1, 'a')]),
    'begun',
    'begun',
  ],
  ['that stalled', () => put('a', { stc: '1' }), 'suspect', 'begun'],
  [
    'whose lock ran out while it was active',
    () => Promise.all([put('a'), on.redis.lpush(key('active'), 'a')]),
    'suspect',
    'begun',
  ],
])('a job %s is treated so, in a worker and in a sandbox', async (_which, make, inWorker, inSandbox) => {
  await make();
  expect(await begin('b')).toBe(inWorker);
  await on.redis.del(key('a:begun'));
  expect(await beginApart('1')).toBe(inSandbox);
});

test('a job’s own message is begun in a sandbox whatever its job looks like', async () => {
  await Promise.all([put('a', { stc: '2', atm: '3' }), lock('a', 'mine')]);
  expect(await beginApart('1', 'a')).toBe('begun');
});

test('what two sandboxes never ended is condemned, however often it is asked', async () => {
  expect(await beginApart('1')).toBe('begun');
  expect(await beginApart('2')).toBe('begun');
  expect(await beginApart('3')).toBe('condemned');
  expect(await beginApart('4')).toBe('condemned');
  await unlock('b');
  expect(await begin('c')).toBe('suspect');
});

test('a sandbox counts half that its worker did not outlive, or whose worker stood still', async () => {
  const dieTogether = async (process: string): ReturnType<BegunWork['beginApart']> => {
    const outcome = await beginApart(process);
    await unlock('b');
    await on.redis.hincrby(key('b'), 'stc', 1);
    return outcome;
  };
  await put('b');
  for (const process of ['1', '2', '3', '4']) expect(await dieTogether(process)).toBe('begun');
  expect(await beginApart('5')).toBe('condemned');
  await begunWork.takeBack(queue, { job: 'a', who: '4' });
  expect(await beginApart('5')).toBe('begun');
  expect(await beginApart('6')).toBe('condemned');
});

test('so does one whose worker’s job is still taken for active', async () => {
  await put('b');
  for (const process of ['1', '2', '3', '4']) {
    const by = `b${process}`;
    await on.redis.lpush(key('active'), by);
    expect(await beginApart(process, by)).toBe('begun');
    await unlock(by);
  }
  expect(await beginApart('5', 'c', 'other')).toBe('condemned');
  await on.redis.del(key('active'));
  await begunWork.takeBack(queue, { job: 'a', who: '1' });
  await begunWork.takeBack(queue, { job: 'a', who: '2' });
  expect(await beginApart('5', 'c', 'other')).toBe('condemned');
});

test('what is let go of by one that stood still takes nothing away that others noted', async () => {
  expect(await begin('b')).toBe('begun');
  await unlock('b');
  expect(await beginApart('1', 'c', 'other')).toBe('begun');
  expect(await beginApart('2', 'c', 'other')).toBe('begun');
  await begunWork.takeBack(queue, { job: 'a', who: 'mine:7' });
  expect(await beginApart('3', 'c', 'other')).toBe('condemned');
});

test('nothing begins in the name of a job that another worker has by now', async () => {
  await lock('b', 'other');
  const stale = { job: 'a', by: 'b', token: 'mine:7' };
  expect(await begunWork.begin(queue, stale)).toBe('busy');
  expect(await begunWork.beginApart(queue, { ...stale, process: '1' })).toBe('busy');
});

test('a sandbox that lives, ended the work or took it back has not died of it', async () => {
  for (let again = 0; again < 4; again++) expect(await beginApart('1')).toBe('begun');
  await begunWork.takeBack(queue, { job: 'a', who: '1' });
  expect(await begunWork.isNoted(queue, 'a')).toBe(false);
  expect(await beginApart('2')).toBe('begun');
  expect(await beginApart('3')).toBe('begun');
  await begunWork.end(queue, 'a');
  expect(await beginApart('4')).toBe('begun');
  expect(await beginApart('5')).toBe('begun');
});

test('what a sandbox takes back does not take away that a worker died', async () => {
  await begin('b');
  await unlock('b');
  await beginApart('1', 'c', 'other');
  await begunWork.takeBack(queue, { job: 'a', who: '1' });
  await unlock('c');
  expect(await begin('d')).toBe('suspect');
});

test('a note is not kept for ever', async () => {
  await begin('b');
  expect(await on.redis.pttl(key('a:begun'))).toBeGreaterThan(86_400_000);
});
