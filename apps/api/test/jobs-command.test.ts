import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type TestApi, adminKey, receive, receiveFailing, startTestApi } from './support.ts';

// Each command runs as a separate process, which loads the sources.
vi.setConfig({ testTimeout: 180_000 });

const script = fileURLToPath(new URL('../src/jobs.ts', import.meta.url));
let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
  await receiveFailing(api.db, ['SEND_REFUSED: 1', 'SEND_REFUSED: 2', 'TIMEOUT: 3']);
  await api.db.query(
    `insert into schedules (name, started_at, last_run) values ('retention', now(), '{"started_at": "2026-01-01T12:00:00Z",
     "ran_ms": 1200, "outcome": "failed", "error": "Error: too slow", "worker": "worker:host:1"}')`,
  );
});
afterAll(() => api[Symbol.asyncDispose]());

async function jobs(
  args: string,
  env: Record<string, string> = {},
): Promise<{ code: unknown; out: string; err: string }> {
  const child = spawn(
    process.execPath,
    ['--conditions=@prosaas/source', script, ...args.split(' ').filter(Boolean)],
    {
      env: {
        PATH: process.env['PATH'],
        NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
        API_PORT: new URL(api.url).port,
        ADMIN_KEY: adminKey,
        ...env,
      },
    },
  );
  let [out, err] = ['', ''];
  child.stdout.on('data', (text) => (out += text));
  child.stderr.on('data', (text) => (err += text));
  const [code] = await once(child, 'close');
  return { code, out, err };
}

test('lists, shows, replays and purges the dead letter', async () => {
  const listed = await jobs('list --contains refused --json');
  expect(listed).toMatchObject({ code: 0, err: '' });
  const dead = listed.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string });
  expect(dead).toHaveLength(2);
  const { id } = dead[0]!;
  expect(JSON.parse((await jobs(`show ${id}`)).out)).toMatchObject({
    id,
    reason: 'SEND_REFUSED: 2',
  });
  expect(await jobs(`replay ${id}`)).toMatchObject({ code: 0, out: '1 replayed\n' });
  expect(await jobs(`replay ${id}`)).toMatchObject({
    code: 1,
    err: expect.stringContaining('ALREADY_REPLAYED'),
  });
  await api.db.query("update messages set status = 'answered' where error like 'TIMEOUT%'");
  expect(await jobs('replay --all --rate 10')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^\d+: NOT_REPLAYABLE: .*\n1 of 2 replayed\n$/),
  });
  expect(await jobs('purge --all --contains timeout')).toMatchObject({ code: 0, out: '1 of 1 purged\n' });
  expect((await jobs('list')).out).toBe('0 shown\n');
});

test('shows the job that a chat waits for, and skips it', async () => {
  const { conversationId, jobId } = await receive(api.db);
  const { code, out } = await jobs(`why ${conversationId}`);
  expect([code, out]).toEqual([0, expect.stringContaining(`inbound-messages  job ${jobId}  `)]);
  expect(out).toContain('attempts 0 of 8, 0 behind it');
  expect(await jobs(`skip ${jobId} --reason spam`)).toMatchObject({ code: 0 });
  expect(JSON.parse((await jobs(`show ${jobId}`)).out)).toMatchObject({ reason: 'SKIPPED: spam' });
  expect(await jobs(`why ${conversationId}`)).toMatchObject({ code: 0, out: 'it waits for nothing\n' });
});

test('shows, pauses and resumes queues', async () => {
  expect(await jobs('pause inbound-messages')).toMatchObject({
    code: 0,
    out: 'inbound-messages is paused\n',
  });
  const { items } = JSON.parse((await jobs('queues --json')).out) as { items: object[] };
  expect(items).toContainEqual(expect.objectContaining({ name: 'inbound-messages', paused: true }));
  expect((await jobs('queues')).out).toContain('inbound-messages');
  expect(await jobs('resume inbound-messages')).toMatchObject({ code: 0 });
});

test.each([
  ['', 2, 'which command?'],
  ['dance', 2, 'there is no command dance'],
  ['show', 2, 'which one?'],
  ['why', 2, 'which conversation?'],
  ['why nobody', 1, 'CONVERSATION_NOT_FOUND'],
  ['skip 1', 2, 'Give a reason with --reason'],
  ['skip 1000000 --reason x', 1, 'JOB_NOT_FOUND'],
  ['list --limit none', 2, '--limit is a whole number'],
  ['list --colour red', 2, "Unknown option '--colour'"],
  ['pause nothing', 1, 'QUEUE_NOT_FOUND'],
  ['show inbound-messages.x.1', 1, 'JOB_NOT_FOUND'],
])('"jobs %s" exits with %i and an explanation', async (args, code, message) => {
  expect(await jobs(args)).toMatchObject({ code, err: expect.stringContaining(message) });
});

test('reports an api that is away, and a wrong key', async () => {
  expect(await jobs('queues', { API_PORT: '1' })).toMatchObject({
    code: 1,
    err: expect.stringContaining('The api does not answer at http://localhost:1'),
  });
  expect(await jobs('queues', { ADMIN_KEY: 'one-that-opens-nothing' })).toMatchObject({
    code: 1,
    err: expect.stringContaining('UNAUTHENTICATED'),
  });
  expect(await jobs('--help')).toMatchObject({ code: 0, out: expect.stringContaining('usage: jobs') });
});

test('shows schedules with their next and last runs', async () => {
  const { code, out } = await jobs('schedules --json');
  expect(code).toBe(0);
  const { items } = JSON.parse(out) as {
    items: { name: string; next_run: string | null; last_run: unknown }[];
  };
  expect(items.map(({ name }) => name)).toEqual(['retention', 'hand-over', 'lost-jobs', 'import-jobs']);
  expect(items[0]).toMatchObject({ last_run: { outcome: 'failed', worker: 'worker:host:1' } });
  expect(items[1]?.last_run).toBeNull();
  expect(Date.parse(items[0]!.next_run!)).toBeGreaterThan(Date.now());
  expect(items[1]?.next_run).toBeNull();
  expect((await jobs('schedules')).out).toMatch(/retention.*failed/);
});
