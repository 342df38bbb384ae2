import { loadProfile } from '@prosaas/agentkit';
import type { Database } from '@prosaas/database';
import { poll } from '@prosaas/devstack';
import { readHeartbeats } from '@prosaas/observability';
import { type QueueTotals, queueTable } from '@prosaas/queues';
import { keyspace } from '@prosaas/runtime';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findLostJobs } from '../src/lost-jobs.ts';
import { balance, setStage, silent, type Stage } from './stage.ts';

// Hundreds of jobs on a machine that may be busy: what is waited for has limits of its own.
vi.setConfig({ testTimeout: 120_000 });

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(async () => {
  await stage[Symbol.asyncDispose]();
});

const done = (enqueued: number) => async (): Promise<QueueTotals | undefined> => {
  const totals = await stage.totals();
  const ended = totals.completed + totals.failed;
  return totals.enqueued === enqueued && ended === enqueued && totals.failed === totals.deadLetter
    ? totals
    : undefined;
};

interface Exchange {
  contact: string;
  asked: string;
  status: string;
  reply: string | null;
  reply_status: string | null;
}

async function exchanges(): Promise<Exchange[]> {
  return stage.db.query<Exchange>(
    `select c.contact, i.text as asked, i.status, o.text as reply, o.status as reply_status
     from messages i join conversations c on c.id = i.conversation_id left join messages o on o.in_reply_to = i.id
     where i.direction = 'inbound' order by i.seq`,
  );
}

test('two workers answer 500 messages of 20 contacts with exactly 1000 jobs, each contact in order', async () => {
  const profile = await loadProfile();
  const asked = new Map<string, string[]>();
  for (let turn = 0; turn < 25; turn++) {
    await Promise.all(
      Array.from({ length: 20 }, async (_, phone) => {
        const contact = `${100 + phone}@s.whatsapp.net`;
        const text = profile.faq[(turn + phone) % profile.faq.length]?.question ?? '';
        asked.set(contact, [...(asked.get(contact) ?? []), text]);
        await stage.receive(contact, text);
      }),
    );
  }
  await stage.worker();
  await stage.worker();
  const totals = await poll(done(1000), { timeoutMs: 110_000, what: '1000 jobs' });

  expect(totals).toMatchObject({ enqueued: 1000, completed: 1000, failed: 0, deadLetter: 0 });
  expect(stage.baileys.sent).toHaveLength(500);
  const all = await exchanges();
  for (const [contact, questions] of asked) {
    const mine = all.filter((exchange) => exchange.contact === contact);
    expect(mine.map((exchange) => exchange.asked)).toEqual(questions);
    const heard = stage.baileys.sent.filter(({ chatId }) => chatId === contact).map(({ text }) => text);
    expect(heard).toEqual(mine.map(({ reply }) => reply));
    for (const [index, question] of questions.entries()) {
      const right = profile.faq.find((entry) => entry.question === question)?.answer ?? '';
      expect(heard[index]).toContain(right);
    }
    expect(new Set(heard).size).toBe(25);
  }
});

test('a send that fails is tried again, one whose answer was lost is not sent twice, and the order stands', async () => {
  let failures = 0;
  stage.baileys.fault = () => {
    failures += 1;
    if (failures <= 2) return 503;
    return failures % 3 === 0 ? 'lost' : undefined;
  };
  await stage.worker();
  const questions = ['Where are you located?', 'Do you take cash?', 'Where can I park my car?'];
  for (const question of questions) await stage.receive('1@s.whatsapp.net', question);
  await poll(done(6), { timeoutMs: 60_000, what: 'six jobs' });
  const all = await exchanges();
  expect(stage.baileys.sent.map(({ text }) => text)).toEqual(all.map(({ reply }) => reply));
  expect(stage.baileys.sent).toHaveLength(3);
  expect(all.map(({ reply_status }) => reply_status)).toEqual(['sent', 'sent', 'sent']);
});

test('while nobody is there to send, an answer waits and uses up none of its attempts', async () => {
  const refusals = queueTable['outbound-messages'].attempts + 1;
  stage.baileys.fault = () => (stage.baileys.requests <= refusals ? 409 : undefined);
  await stage.worker();
  await stage.receive('1@s.whatsapp.net', 'Where are you located?');
  await poll(done(2), { timeoutMs: 100_000, what: 'two jobs' });
  expect((await exchanges()).map(({ reply_status }) => reply_status)).toEqual(['sent']);
  expect(stage.baileys.requests).toBe(refusals + 1);
});

test('a send that is refused fails its job at once, goes to the dead letter, and the rest goes out', async () => {
  stage.baileys.fault = ({ text }) => (text.includes('12 Market Street') ? 404 : undefined);
  await stage.worker();
  await stage.receive('1@s.whatsapp.net', 'Where are you located?');
  await stage.receive('1@s.whatsapp.net', 'Do you take cash?');
  await stage.receive('2@s.whatsapp.net', 'Do you take cash?');
  const totals = await poll(done(6), { timeoutMs: 60_000, what: 'six jobs' });
  expect(totals).toMatchObject({ completed: 5, failed: 1, deadLetter: 1, deadLetterDepth: 1 });
  expect(balance(totals)).toBe(0);
  expect((await exchanges()).map(({ reply_status }) => reply_status)).toEqual(['failed', 'sent', 'sent']);
  const [failed] = await stage.db.query<{ error: string }>(
    "select error from messages where status = 'failed'",
  );
  expect(failed?.error).toBe('SEND_REFUSED: the baileys service answered 404 FAULT_404');
});

test('an opt-out is confirmed once and ends the answers; a hand-off leaves the rest to a person', async () => {
  const profile = await loadProfile();
  await stage.worker();
  const [stop = ''] = profile.optOut.words;
  const [person = ''] = profile.handOff.words;
  for (const text of ['Do you take cash?', stop, stop, 'Do you take cash?']) {
    await stage.receive('1@s.whatsapp.net', text);
  }
  for (const text of [person, 'Do you take cash?', stop]) await stage.receive('2@s.whatsapp.net', text);
  // Seven messages, four replies.
  await poll(done(11), { timeoutMs: 60_000, what: 'eleven jobs' });
  const all = await exchanges();
  expect(all.map(({ status }) => status)).toEqual(Array.from({ length: 7 }, () => 'answered'));
  const replies = all.map(({ reply }) => reply);
  expect(replies.slice(1)).toEqual([
    profile.optOut.reply,
    null,
    null,
    profile.handOff.reply,
    null,
    profile.optOut.reply,
  ]);
  expect(replies[0]).not.toBeNull();
});

test('a payload of nobody’s making fails at once and holds up nothing', async () => {
  await stage.worker();
  await stage.producer.enqueueUnchecked([
    { queue: 'inbound-messages', key: 'broken', payload: { messageId: 'x' } },
    { queue: 'outbound-messages', key: 'none', payload: null },
  ]);
  await stage.receive('1@s.whatsapp.net', 'Do you take cash?');
  const totals = await poll(done(4), { timeoutMs: 60_000, what: 'four jobs' });
  expect(totals).toMatchObject({ completed: 2, failed: 2, deadLetter: 2 });
});

test('a worker that starts before Redis does takes jobs when it is there', async () => {
  await stage.receive('1@s.whatsapp.net', 'Do you take cash?');
  await stage.redisServer.stop();
  await stage.worker();
  await stage.redisServer.start();
  await poll(done(2), { timeoutMs: 60_000, what: 'two jobs' });
  expect(stage.baileys.sent).toHaveLength(1);
});

test('a worker beats when its consumers work, and takes its own key away when it leaves', async () => {
  const worker = await stage.worker();
  const beat = await poll(() => stage.redis.get('worker:heartbeat'), { what: 'a heartbeat' });
  expect(Number(beat)).toBeCloseTo(Date.now() / 1000, -1);
  const own = async (): Promise<object[]> => {
    const { replicas } = await readHeartbeats({ redis: stage.redis, key: 'worker:heartbeat' });
    return [...replicas];
  };
  expect(await poll(async () => ((await own()).length > 0 ? own() : undefined))).toHaveLength(1);
  worker.drain();
  await worker[Symbol.asyncDispose]();
  expect(await own()).toEqual([]);
});

/** A message from long ago whose job is neither in the outbox nor in Redis. */
async function receiveAndLose(): Promise<void> {
  await stage.receive('1@s.whatsapp.net', 'Do you take cash?');
  await stage.db.query('delete from outbox');
  await stage.db.query("update messages set created_at = now() - interval '1 hour'");
}

const search = (db = stage.db): Promise<number> => {
  const { redis, producer } = stage;
  return findLostJobs({ db, redis, bullPrefix: keyspace('prosaas').bullPrefix, producer, log: silent });
};

test('jobs that Redis lost are found by their messages and done', async () => {
  await receiveAndLose();
  expect(await search()).toBe(1);
  expect(await search()).toBe(0);
  await stage.worker();
  await poll(done(2), { timeoutMs: 60_000, what: 'two jobs' });
});

test('a job that goes to the dead letter during the search is not lost', async () => {
  await receiveAndLose();
  // The message is read as open, and closed before anyone looks for its job, which then is gone.
  const db: Database = {
    ...stage.db,
    query: async <T>(sql: string, params?: unknown[]) => {
      const rows = await stage.db.query<T>(sql, params);
      await stage.db.query("update messages set status = 'failed'");
      return rows;
    },
  };
  expect(await search(db)).toBe(0);
  expect((await stage.totals()).enqueued).toBe(0);
});

test('one contact who writes sixty messages does not hold up another', async () => {
  stage.baileys.delayMs = 20;
  for (let turn = 0; turn < 60; turn++)
    await stage.receive('1@s.whatsapp.net', `Do you take cash? (${turn})`);
  await stage.receive('2@s.whatsapp.net', 'Where are you located?');
  await stage.worker();
  await poll(done(122), { timeoutMs: 60_000, what: '122 jobs' });
  const place = stage.baileys.sent.findIndex(({ chatId }) => chatId === '2@s.whatsapp.net');
  expect(place).toBeLessThan(30);
});
