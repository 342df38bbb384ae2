import { once } from 'node:events';
import { type PostgresServer, poll, startPostgres } from '@prosaas/devstack';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { prepareForks, setStage, type Stage } from './stage.ts';

// Hundreds of jobs on a possibly busy machine; each poll has its own time limit.
vi.setConfig({ testTimeout: 120_000 });

const isCluster = process.env['TEST_REDIS'] === 'cluster';

let stage: Stage;
beforeAll(prepareForks);
beforeEach(async () => {
  stage = await setStage();
});
afterEach(async () => {
  await stage[Symbol.asyncDispose]();
});

const active = async (): Promise<number> => {
  const { queues } = await stage.totals();
  return queues['inbound-messages'].active + queues['outbound-messages'].active;
};

async function receiveMany(contacts: number, turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    await Promise.all(
      Array.from({ length: contacts }, (_, contact) =>
        stage.receive(`${contact}@s.whatsapp.net`, `Do you take cash? (${turn})`),
      ),
    );
  }
}

async function atRest(messages: number): Promise<void> {
  await poll(
    async () => {
      const { completed, failed } = await stage.totals();
      return completed + failed >= 2 * messages && (await stage.rows()).open === 0;
    },
    { timeoutMs: 60_000, what: `${2 * messages} jobs` },
  );
}

/** Deviations from every message being answered once, in order, by exactly two jobs. */
async function findFaults(messages: number): Promise<string[]> {
  const faults: string[] = [];
  const [{ enqueued, completed, failed }, counted] = await Promise.all([stage.totals(), stage.rows()]);
  const isEach = [enqueued, completed, counted.inserted, counted.closed].every(
    (count) => count === 2 * messages,
  );
  if (!isEach || failed + counted.failed + counted.open > 0) {
    faults.push(`counts: ${JSON.stringify({ enqueued, completed, failed, counted })}`);
  }
  if (stage.baileys.sent.length !== messages) faults.push(`${stage.baileys.sent.length} sent`);
  const rows = await stage.db.query<{ contact: string; id: string; status: string }>(
    `select c.contact, o.id, o.status from messages i join conversations c on c.id = i.conversation_id
     join messages o on o.in_reply_to = i.id order by i.seq`,
  );
  faults.push(...rows.filter(({ status }) => status !== 'sent').map(({ id }) => `${id} is not sent`));
  for (const contact of new Set(rows.map((row) => row.contact))) {
    const right = rows.filter((row) => row.contact === contact).map(({ id }) => id);
    const heard = stage.baileys.sent.filter(({ chatId }) => chatId === contact).map(({ key }) => key);
    if (heard.join() !== right.join()) faults.push(`${contact} heard ${heard.join()} for ${right.join()}`);
  }
  return faults;
}

test('after three kill -9 during jobs every message is answered once, in order, and the counts balance', async () => {
  stage.baileys.delayMs = 15;
  await receiveMany(10, 10);
  let victim = stage.fork();
  stage.fork();
  for (const share of [0.1, 0.35, 0.6]) {
    await poll(async () => (await stage.totals()).completed > 200 * share && (await active()) > 0, {
      timeoutMs: 60_000,
      what: 'jobs under way',
    });
    victim.kill('SIGKILL');
    await once(victim, 'exit');
    victim = stage.fork();
  }
  await atRest(100);
  expect(await findFaults(100)).toEqual([]);
});

test('at SIGTERM running jobs finish, none is lost, and the worker exits with 0', async () => {
  stage.baileys.delayMs = 200;
  await receiveMany(10, 3);
  const first = stage.fork();
  await poll(async () => stage.baileys.requests > 3, { timeoutMs: 60_000, what: 'sends under way' });
  first.kill('SIGTERM');
  const [code] = (await once(first, 'exit')) as [number | null];
  expect(code).toBe(0);
  expect(await active()).toBe(0);
  stage.fork();
  await atRest(30);
  expect(await findFaults(30)).toEqual([]);
});

test('a job that outlasts the stop is requeued without using up an attempt, and another worker runs it', async () => {
  stage.baileys.delayMs = 60_000;
  await receiveMany(2, 1);
  const first = stage.fork();
  await poll(async () => stage.baileys.requests === 2, { timeoutMs: 60_000, what: 'sends under way' });
  first.kill('SIGTERM');
  const [code] = (await once(first, 'exit')) as [number | null];
  expect(code).toBe(0);
  expect(await active()).toBe(0);
  expect(await stage.db.query('select attempts from jobs')).toEqual([{ attempts: 0 }, { attempts: 0 }]);
  stage.baileys.delayMs = 0;
  stage.fork();
  await atRest(2);
  expect(await findFaults(2)).toEqual([]);
});

const rename = (from: string, to: string): Promise<unknown> =>
  stage.db.query(`alter table messages rename column ${from} to ${to}`);

type Change = (postgres: PostgresServer) => Promise<unknown>;
type DatabaseFault = [name: string, begin: Change, end: Change];

const databaseFaults: DatabaseFault[] = [
  ['PostgreSQL is away', (postgres) => postgres.stop(), (postgres) => postgres.start()],
  ['a column is renamed', () => rename('status', 'status_'), () => rename('status_', 'status')],
];

// Redis sees the same commands in both cases.
test.each(isCluster ? databaseFaults.slice(0, 1) : databaseFaults)(
  'while %s jobs wait and use up no attempt',
  async (_what, begin, end) => {
    await using postgres = await startPostgres();
    await stage[Symbol.asyncDispose]();
    stage = await setStage(postgres);
    stage.baileys.delayMs = 50;
    await receiveMany(4, 5);
    await stage.worker();
    await poll(() => stage.baileys.requests > 4, { timeoutMs: 60_000, what: 'sends under way' });
    await begin(postgres);
    const delayed = async (): Promise<number> => {
      const { queues } = await stage.totals();
      return queues['inbound-messages'].delayed + queues['outbound-messages'].delayed;
    };
    await poll(async () => (await active()) === 0 && (await delayed()) > 0, {
      timeoutMs: 60_000,
      what: 'the jobs to be requeued',
    });
    await end(postgres);
    expect(await stage.db.query('select from jobs where attempts > 0')).toEqual([]);
    await atRest(20);
    expect(await findFaults(20)).toEqual([]);
    // Its connections end before its server does.
    await stage[Symbol.asyncDispose]();
    stage = await setStage();
  },
);

test('after Redis restarts during jobs all are done once, in order, and the counts balance', async () => {
  stage.baileys.delayMs = 15;
  await receiveMany(10, 10);
  stage.fork();
  stage.fork();
  for (const completed of [30, 100]) {
    await poll(async () => (await stage.totals()).completed > completed && (await active()) > 0, {
      timeoutMs: 60_000,
      what: 'jobs under way',
    });
    await stage.redisServer.stop();
    await stage.redisServer.start();
  }
  await atRest(100);
  expect(await findFaults(100)).toEqual([]);
});

test('after Redis freezes for longer than the locks live all jobs are done once, in order, and the counts balance', async () => {
  stage.baileys.delayMs = 15;
  await receiveMany(10, 10);
  stage.fork();
  stage.fork();
  await poll(async () => (await stage.totals()).completed > 30 && (await active()) > 0, {
    timeoutMs: 60_000,
    what: 'jobs under way',
  });
  stage.redisServer.freeze();
  const frozenAt = performance.now();
  await poll(() => performance.now() - frozenAt > 4000, { what: 'the locks to run out' });
  stage.redisServer.thaw();
  await atRest(100);
  expect(await findFaults(100)).toEqual([]);
});

// Not on a cluster: Redis is unreachable here.
test.skipIf(isCluster)(
  'a worker without Redis and PostgreSQL keeps running, logs it, and exits with 0 at SIGTERM',
  async () => {
    const lost = stage.fork({
      REDIS_URL: 'redis://127.0.0.1:1',
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
      LOG_LEVEL: 'INFO',
    });
    let said = '';
    lost.stdout?.on('data', (text: string) => (said += text));
    let exited = false;
    lost.once('exit', () => (exited = true));
    const lines = ['waiting for PostgreSQL', 'waiting for Redis'];
    await poll(() => lines.every((line) => said.includes(line)), {
      timeoutMs: 50_000,
      what: 'the worker to say so',
    });
    expect(exited).toBe(false);
    lost.kill('SIGTERM');
    const [code] = (await once(lost, 'exit')) as [number | null];
    expect(code).toBe(0);
  },
);
