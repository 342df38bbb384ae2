import { type Database, closeMessage, messageCloser } from '@prosaas/database';
import { Measured, type Operation, type Peers, cpuNanoseconds, cpuOf } from '@prosaas/devstack/bench';
import { randomUUID } from 'node:crypto';
import {
  type BenchWorker,
  benchDatabase,
  handlerAlone,
  inBatches,
  plainBullMq,
  prosaas,
} from '../bench-worker.ts';

type Make = (name: string, onJob: (id: string) => void | Promise<void>) => Promise<BenchWorker>;

/** Marks a message as done, once: what a job that runs again finds. */
type Inbox = (db: Database) => (id: string) => Promise<boolean>;
const oneByOne: Inbox = (db) => (id) => closeMessage(db, id, { status: 'answered' });
const ours: Inbox = (db) => {
  const close = messageCloser(db);
  return (id) => close(id, { status: 'answered' });
};

/** Nanoseconds of CPU that everyone who takes part has used. */
async function cpuOfAll(db: Database | undefined): Promise<Record<string, number>> {
  const sessions = (await db?.query<{ pid: number }>('select pid from pg_stat_activity')) ?? [];
  return {
    worker: cpuNanoseconds(),
    Redis: cpuOf(Number(process.env['BENCH_REDIS_PID'])),
    PostgreSQL: sessions.reduce((sum, { pid }) => sum + cpuOf(pid), 0),
  };
}

/** Nanoseconds from the first fetch to the end of the last job, of jobs that stood ready before. */
async function throughput(
  make: Make,
  name: string,
  { waiting = 0, inbox = undefined as Inbox | undefined } = {},
): Promise<Operation> {
  let left = 0;
  let finished: () => void = () => undefined;
  const db = inbox && benchDatabase();
  const close = db && inbox(db);
  const onJob = async (id: string): Promise<void> => {
    if (close && !(await close(id))) throw new Error('the inbox had it');
    if (--left === 0) finished();
  };
  const worker = await make(name, onJob);
  const seed = async (ids: readonly string[]): Promise<void> => {
    await db?.query(
      `insert into messages (id, business_id, conversation_id, session_id, direction, status, text, external_id)
       select id, business_id, conversation_id, session_id, 'inbound', 'received', text, id::text
         from (select business_id, conversation_id, session_id, text from messages limit 1) as one, unnest($1::uuid[]) as id`,
      [ids],
    );
  };
  let backlog = waiting;
  return async (times) => {
    await worker.pause();
    const ids = Array.from({ length: times + backlog }, () => randomUUID());
    backlog = 0;
    await seed(ids);
    await inBatches(ids, (batch) => worker.add(batch));
    left = times;
    const all = new Promise<void>((resolve) => (finished = resolve));
    const cpuBefore = await cpuOfAll(db);
    const before = process.hrtime.bigint();
    await worker.resume();
    await all;
    const ns = Number(process.hrtime.bigint() - before);
    const cpu = Object.entries(await cpuOfAll(db)).map(([who, spent]) => [who, spent - cpuBefore[who]!]);
    return new Measured(ns, Object.fromEntries(cpu));
  };
}

const WAITING = 100_000;

export const peers: Peers['peers'] = {
  'plain BullMQ': () => throughput(plainBullMq, 'plain'),
  prosaas: () => throughput(prosaas, 'ours'),
  'prosaas, 100,000 jobs waiting': () => throughput(prosaas, 'backlog', { waiting: WAITING }),
  'prosaas with its inbox': () => throughput(prosaas, 'inbox', { inbox: ours }),
  'the inbox alone': () => throughput(handlerAlone, 'none', { inbox: ours }),
  'plain BullMQ with the same statement': () => throughput(plainBullMq, 'plain-inbox', { inbox: oneByOne }),
};
