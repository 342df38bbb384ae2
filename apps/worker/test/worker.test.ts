import { loadProfile } from '@prosaas/agentkit';
import { addJob, findJob, findMessageById, recordPersonMessage } from '@prosaas/database';
import { poll } from '@prosaas/devstack';
import { readHeartbeats } from '@prosaas/observability';
import { type QueueTotals, outboundJob, queueTable } from '@prosaas/queues';
import { keyspace } from '@prosaas/runtime';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { recoverLostJobs } from '../src/tasks/lost-jobs.ts';
import { setStage, silent, type Stage } from './stage.ts';

// Hundreds of jobs on a possibly busy machine; each poll has its own time limit.
vi.setConfig({ testTimeout: 120_000 });

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(async () => {
  await stage[Symbol.asyncDispose]();
});

/** Polls until all enqueued jobs have ended, by the counts of Redis and PostgreSQL. */
const done = (jobs: number) => async (): Promise<QueueTotals | undefined> => {
  const [totals, rows] = await Promise.all([stage.totals(), stage.rows()]);
  const { completed, failed } = totals;
  if (completed + failed !== jobs || rows.open > 0) return undefined;
  expect(rows).toMatchObject({ inserted: jobs, closed: completed, failed, dead: failed });
  return totals;
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

  expect(totals).toMatchObject({ enqueued: 1000, completed: 1000, failed: 0 });
  expect(stage.baileys.sent).toHaveLength(500);
  const mismatched = await stage.db.query(
    `select i.text, o.match from messages o join messages i on i.id = o.in_reply_to
     where o.match is distinct from jsonb_build_object('source', 'faq', 'question', i.text)`,
  );
  expect(mismatched).toEqual([]);
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

test('retries a failed send, does not repeat one whose response was lost, and keeps the order', async () => {
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

test('while the sender is away an answer waits without using up attempts', async () => {
  const refusals = queueTable['outbound-messages'].attempts + 1;
  stage.baileys.fault = () => (stage.baileys.requests <= refusals ? 409 : undefined);
  await stage.worker();
  await stage.receive('1@s.whatsapp.net', 'Where are you located?');
  await poll(done(2), { timeoutMs: 100_000, what: 'two jobs' });
  expect((await exchanges()).map(({ reply_status }) => reply_status)).toEqual(['sent']);
  expect(stage.baileys.requests).toBe(refusals + 1);
});

test('a refused send goes to the dead letter at once, and the other messages are sent', async () => {
  const answers = async (): Promise<number> =>
    (await exchanges()).filter(({ reply }) => reply !== null).length;
  // Only after the other answers are stored, because a failure hands the chat over.
  stage.baileys.fault = async ({ text }) => {
    if (!text.includes('12 Market Street')) return undefined;
    await poll(async () => (await answers()) === 3, { what: 'three answers' });
    return 404;
  };
  await stage.worker();
  await stage.receive('1@s.whatsapp.net', 'Where are you located?');
  await stage.receive('1@s.whatsapp.net', 'Do you take cash?');
  await stage.receive('2@s.whatsapp.net', 'Do you take cash?');
  const totals = await poll(done(6), { timeoutMs: 60_000, what: 'six jobs' });
  expect(totals).toMatchObject({ completed: 5, failed: 1 });
  expect((await exchanges()).map(({ reply_status }) => reply_status)).toEqual(['failed', 'sent', 'sent']);
  const [failed] = await stage.db.query<{ error: string }>(
    "select error from messages where status = 'failed'",
  );
  expect(failed?.error).toBe('SEND_REFUSED: the baileys service answered 404 FAULT_404');
});

test('an answer goes to the address that wrote, from the account that it wrote to', async () => {
  await stage.worker();
  const contact = '1@s.whatsapp.net';
  await stage.receive(contact, 'Do you take cash?', { address: '77@lid', account: '15550000000' });
  await stage.receive(contact, 'Where can I park my car?', { address: contact, account: '15550000000' });
  await poll(done(4), { timeoutMs: 60_000, what: 'four jobs' });
  expect(stage.baileys.sent.map(({ chatId, account }) => [chatId, account])).toEqual([
    ['77@lid', '15550000000'],
    [contact, '15550000000'],
  ]);
});

/** Matches the text in and outside the opening hours. */
const passedOn = /^I am passing this on to a person on our team/;

test('hands over a chat with too many answers, and not the one beside it', async () => {
  await stage.worker({}, { AGENT_MOST_ANSWERS: '3' });
  const ask = (contact: string): Promise<string> => stage.receive(contact, 'Do you take cash?');
  for (let turn = 0; turn < 6; turn++) await ask('1@s.whatsapp.net');
  for (let turn = 0; turn < 3; turn++) await ask('2@s.whatsapp.net');
  // Nine messages, three replies and the hand-over text in one chat, three replies in the other.
  await poll(done(16), { timeoutMs: 60_000, what: 'sixteen jobs' });
  const heard = stage.baileys.sent.filter(({ chatId }) => chatId === '1@s.whatsapp.net');
  expect(heard).toHaveLength(4);
  expect(heard.at(-1)?.text).toMatch(passedOn);
  const chats = await stage.db.query(
    'select contact, state, state_reason from conversations order by contact',
  );
  expect(chats).toEqual([
    { contact: '1@s.whatsapp.net', state: 'waiting', state_reason: 'loop' },
    { contact: '2@s.whatsapp.net', state: 'agent', state_reason: null },
  ]);
});

test('recognizes an opt-out also where the agent no longer answers', async () => {
  const profile = await loadProfile();
  await stage.worker({}, { AGENT_MOST_ANSWERS: '1' });
  for (const text of ['Do you take cash?', profile.optOut.words[0]!])
    await stage.receive('1@s.whatsapp.net', text);
  await poll(done(4), { timeoutMs: 60_000, what: 'four jobs' });
  expect(stage.baileys.sent.at(-1)?.text).toBe(profile.optOut.reply);
  const chats = await stage.db.query(
    'select opted_out_at is not null as is_out, state_reason from conversations',
  );
  expect(chats).toEqual([{ is_out: true, state_reason: null }]);
});

test('confirms an opt-out once and stops answering; after a hand-over a person answers', async () => {
  const profile = await loadProfile();
  await stage.worker();
  const [stop = ''] = profile.optOut.words;
  const [person = ''] = profile.handOff.words;
  await stage.receive('1@s.whatsapp.net', 'Do you take cash?');
  // An answer that is still unsent at the opt-out would be dropped.
  await poll(() => stage.baileys.sent.length === 1, { what: 'the answer' });
  for (const text of [stop, stop, 'Do you take cash?']) await stage.receive('1@s.whatsapp.net', text);
  for (const text of [person, 'Do you take cash?', stop]) await stage.receive('2@s.whatsapp.net', text);
  // Seven messages, four replies.
  await poll(done(11), { timeoutMs: 60_000, what: 'eleven jobs' });
  const all = await exchanges();
  expect(all.map(({ status }) => status)).toEqual([
    'answered',
    'answered',
    'ignored',
    'waiting_for_person',
    'waiting_for_person',
    'waiting_for_person',
    'answered',
  ]);
  const replies = all.map(({ reply }) => reply);
  expect(replies.slice(1)).toEqual([
    profile.optOut.reply,
    null,
    null,
    expect.stringMatching(passedOn),
    null,
    profile.optOut.reply,
  ]);
  expect(replies[0]).not.toBeNull();
});

test('an opt-out drops queued answers and texts of programs, but neither its confirmation nor messages of people', async () => {
  const profile = await loadProfile();
  stage.baileys.fault = () => 409;
  await stage.worker();
  const asked = await stage.receive('1@s.whatsapp.net', 'Do you take cash?');
  await poll(() => stage.baileys.requests > 0, { what: 'the answer to wait' });
  const [talk] = await stage.db.query<{ id: string }>('select id from conversations');
  const conversationId = talk!.id;
  for (const author of ['program', 'person'] as const) {
    await stage.db.transaction(async (tx) => {
      const id = crypto.randomUUID();
      const input = { id, conversationId, businessId: 'default', text: `of a ${author}`, author };
      const { message } = await recordPersonMessage(tx, input);
      await addJob(tx, outboundJob(message));
    });
  }
  await stage.receive('1@s.whatsapp.net', profile.optOut.words[0]!);
  const optedOut = 'select 1 from conversations where opted_out_at is not null';
  await poll(async () => (await stage.db.query(optedOut)).length === 1, { what: 'the opt-out' });
  stage.baileys.fault = () => undefined;
  await poll(done(6), { timeoutMs: 60_000, what: 'six jobs' });
  expect(stage.baileys.sent.map(({ text }) => text)).toEqual(['of a person', profile.optOut.reply]);
  const outbound = await stage.db.query(
    `select author, status, reason, id in (select id from messages where in_reply_to = $1) as is_answer
     from messages where direction = 'outbound' order by seq`,
    [asked],
  );
  expect(outbound).toEqual([
    { author: 'agent', status: 'ignored', reason: 'opted_out', is_answer: true },
    { author: 'program', status: 'ignored', reason: 'opted_out', is_answer: false },
    { author: 'person', status: 'sent', reason: null, is_answer: false },
    { author: 'agent', status: 'sent', reason: null, is_answer: false },
  ]);
  // A question without an answer must not be marked as answered.
  expect(await findMessageById(stage.db, asked)).toMatchObject({ status: 'ignored', reason: 'opted_out' });
});

test('an invalid payload fails at once with its reason, and holds up no other job', async () => {
  await stage.worker();
  const broken = await stage.db.transaction((tx) =>
    addJob(tx, { queue: 'inbound-messages', orderKey: 'in:x', payload: { messageId: 'x' } }),
  );
  stage.relay.enqueue([broken]);
  await stage.receive('1@s.whatsapp.net', 'Do you take cash?');
  expect(await poll(done(3), { timeoutMs: 60_000, what: 'three jobs' })).toMatchObject({ failed: 1 });
  expect((await findJob(stage.db, broken!.id))?.failure).toMatch(/^PAYLOAD_INVALID: .*messageId/);
});

test('a worker that starts before Redis takes jobs once Redis is up', async () => {
  await stage.receive('1@s.whatsapp.net', 'Do you take cash?');
  await stage.redisServer.stop();
  await stage.worker();
  await stage.redisServer.start();
  await poll(done(2), { timeoutMs: 60_000, what: 'two jobs' });
  expect(stage.baileys.sent).toHaveLength(1);
});

test('a worker writes its heartbeat while its consumers work, and deletes it when it stops', async () => {
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

test('releases lost jobs again, whether they had waited or were never added', async () => {
  await stage.receive('1@s.whatsapp.net', 'Do you take cash?');
  await stage.receive('2@s.whatsapp.net', 'Do you take cash?');
  await poll(async () => (await stage.totals()).enqueued === 2);
  await stage.redisServer.onEveryNode('FLUSHALL');
  const { db, redis, relay } = stage;
  const search = (): Promise<number> =>
    recoverLostJobs({
      db,
      redis,
      bullPrefix: keyspace('prosaas').bullPrefix,
      relay,
      log: silent,
      overdueSeconds: 0,
    });
  expect(await search()).toBe(2);
  await poll(async () => (await stage.totals()).enqueued === 2);
  expect(await search()).toBe(0);
  await stage.worker();
  await poll(done(4), { timeoutMs: 60_000, what: 'four jobs' });
  expect(stage.baileys.sent).toHaveLength(2);
});

test('a conversation continues within 30 s after Redis lost its job', async () => {
  await stage.receive('1@s.whatsapp.net', 'Do you take cash?');
  await stage.receive('1@s.whatsapp.net', 'Where are you located?');
  await poll(async () => (await stage.totals()).enqueued === 1);
  await stage.redisServer.onEveryNode('FLUSHALL');
  await stage.worker();
  await poll(() => stage.baileys.sent.length === 2, { timeoutMs: 30_000, what: 'both answers' });
});

test('a contact who writes sixty messages does not hold up another one', async () => {
  stage.baileys.delayMs = 20;
  for (let turn = 0; turn < 60; turn++)
    await stage.receive('1@s.whatsapp.net', `Do you take cash? (${turn})`);
  await stage.receive('2@s.whatsapp.net', 'Where are you located?');
  await stage.worker();
  await poll(done(122), { timeoutMs: 60_000, what: '122 jobs' });
  const place = stage.baileys.sent.findIndex(({ chatId }) => chatId === '2@s.whatsapp.net');
  expect(place).toBeLessThan(30);
});
