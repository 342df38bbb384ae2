import { addLearnedEntry, createPerson, deleteLearnedEntry } from '@prosaas/database';
import { poll } from '@prosaas/devstack';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Stage, setStage } from './stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

const kept = (): Promise<{ text: string; key: string }[]> =>
  stage.db.query(
    'select unanswered_questions.text, group_key as key from unanswered_questions join messages on messages.id = message_id order by seq',
  );
const untilClosed = (jobs: number): Promise<unknown> =>
  poll(async () => (await stage.rows()).closed === jobs, { timeoutMs: 30_000, what: `${jobs} jobs to end` });

test('stores questions that the agent did not understand, including the one that hands over', async () => {
  await createPerson(
    stage.db,
    { business_id: 'default', name: 'Dana', role: 'owner', phone_number: '15550177', email: null },
    { most: 9 },
  );
  await stage.worker();
  const customer = '1@s.whatsapp.net';
  await stage.receive(customer, 'Do you rent helicopters?');
  await stage.receive(customer, 'helicopters pls, I want a purple one');
  // The third in a row hands over to a person, who gets the following messages.
  await stage.receive(customer, 'zeppelins then?');
  await stage.receive(customer, 'or balloons');
  const others = ['hello', 'thanks!', '👍', 'x', '??', '4711', 'Do you take cash?', 'STOP'];
  for (const [at, text] of others.entries()) await stage.receive(`${at + 10}@s.whatsapp.net`, text);
  await stage.receive('15550177@s.whatsapp.net', 'zanzibar cellar key');
  await poll(async () => (await stage.rows()).open === 0, { timeoutMs: 30_000, what: 'the jobs to end' });
  expect((await kept()).map(({ text }) => text)).toEqual([
    'Do you rent helicopters?',
    'helicopters pls, I want a purple one',
    'zeppelins then?',
  ]);
});

test('a running worker picks up learned and deleted answers within seconds', async () => {
  await stage.worker();
  await stage.receive('1@s.whatsapp.net', 'Do you rent helicopters?');
  await untilClosed(2);
  const learned = await stage.db.transaction((tx) =>
    addLearnedEntry(tx, {
      businessId: 'default',
      question: 'Do you rent helicopters?',
      answer: 'Only on Sundays.',
      also: [],
    }),
  );
  let contact = 100;
  /** The answer to the question, asked by a new contact. */
  const answer = async (): Promise<string | undefined> => {
    const chat = `${(contact += 1)}@s.whatsapp.net`;
    await stage.receive(chat, 'do you rent HELICOPTERS');
    const sent = await poll(() => stage.baileys.sent.find(({ chatId }) => chatId === chat), {
      timeoutMs: 20_000,
      what: 'an answer',
    });
    return sent?.text;
  };
  await expect.poll(answer, { timeout: 20_000 }).toBe('Only on Sundays.');
  const [match] = await stage.db.query<{ match: unknown }>(
    `select match from messages where text = 'Only on Sundays.'`,
  );
  expect(match?.match).toEqual({ source: 'faq', question: 'Do you rent helicopters?' });
  await stage.db.transaction((tx) => deleteLearnedEntry(tx, learned!));
  await expect.poll(answer, { timeout: 20_000 }).not.toBe('Only on Sundays.');
});
