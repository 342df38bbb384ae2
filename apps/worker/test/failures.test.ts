import { applyEvent } from '@prosaas/conversations';
import { addJob, findMessageById, recordPersonMessage, replayDeadJobs } from '@prosaas/database';
import { poll } from '@prosaas/devstack';
import { outboundJob } from '@prosaas/queues';
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Stage, setStage } from './stage.ts';

vi.setConfig({ testTimeout: 60_000 });

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
  stage.baileys.fault = () => 404;
  await stage.worker();
});
afterEach(async () => {
  await stage[Symbol.asyncDispose]();
});

interface Chat {
  id: string;
  state: string;
  state_reason: string | null;
}
const chat = async (): Promise<Chat> =>
  (await stage.db.query<Chat>('select id, state, state_reason from conversations'))[0]!;
const statusOf = async (id: string): Promise<unknown> => (await findMessageById(stage.db, id))?.status;
const texts = (): string[] => stage.baileys.sent.map(({ text }) => text);

/** Lets a customer ask a question whose answer cannot be sent. */
async function askInVain(text = 'Do you take cash?'): Promise<string> {
  const id = await stage.receive('1@s.whatsapp.net', text);
  await poll(async () => (await statusOf(id)) === 'waiting_for_person', { what: 'the answer to fail' });
  return id;
}
const deadJobs = async (): Promise<string[]> =>
  (
    await stage.db.query<{ id: string }>(
      'select id::text as id from jobs where failed_at is not null order by jobs.id',
    )
  ).map(({ id }) => id);
/** Lets all sends succeed. */
async function replay(ids: readonly string[]): Promise<void> {
  stage.baileys.fault = () => undefined;
  const jobs = ids.map((id) => ({ id, delaySeconds: 0 }));
  const { replayed, released } = await stage.db.transaction((tx) => replayDeadJobs(tx, jobs));
  expect(replayed).toEqual(new Set(ids));
  stage.relay.enqueue(released);
}
const done = async (): Promise<boolean> => (await stage.rows()).open === 0;

test('a failed answer makes its question wait, and its replay gives the conversation back to the agent', async () => {
  const asked = await askInVain();
  expect(await chat()).toMatchObject({ state: 'waiting', state_reason: 'failure' });
  await replay(await deadJobs());
  await poll(async () => (await chat()).state === 'agent', { what: 'the chat to be given back' });
  expect(await statusOf(asked)).toBe('answered');
  expect(texts()).toHaveLength(1);
  expect(await stage.db.query('select event from conversation_events order by id')).toEqual([
    { event: 'needs_person' },
    { event: 'failure_resolved' },
  ]);
});

test('a replayed answer leaves the conversation waiting while another message has no answer', async () => {
  const asked = await askInVain();
  const other = await stage.receive('1@s.whatsapp.net', 'Where are you located?');
  await poll(async () => (await statusOf(other)) === 'waiting_for_person', { what: 'the other to wait' });
  await replay(await deadJobs());
  await poll(done, { what: 'the replay' });
  expect(await statusOf(asked)).toBe('answered');
  expect(await chat()).toMatchObject({ state: 'waiting', state_reason: 'failure' });
});

test('does not replay an answer after a person has taken over', async () => {
  const asked = await askInVain();
  const { id } = await chat();
  await stage.db.transaction((tx) => applyEvent(tx, id, { type: 'taken_over' }, { actor: 'person' }));
  await replay(await deadJobs());
  await poll(done, { what: 'the replay' });
  expect(texts()).toEqual([]);
  expect(await statusOf(asked)).toBe('waiting_for_person');
});

test('a failed message of a person leaves its question open until it is replayed', async () => {
  const asked = await askInVain();
  const [answer] = await deadJobs();
  const { id: conversationId } = await chat();
  const id = randomUUID();
  const released = await stage.db.transaction(async (tx) => {
    const input = { id, conversationId, businessId: 'default', text: 'We do', author: 'person' } as const;
    const { message } = await recordPersonMessage(tx, input);
    await applyEvent(tx, conversationId, { type: 'person_wrote' }, { actor: 'person' });
    return addJob(tx, outboundJob(message));
  });
  expect(await statusOf(asked)).toBe('answered');
  stage.relay.enqueue([released]);
  await poll(async () => (await statusOf(id)) === 'failed', { what: 'the message to fail' });
  expect(await statusOf(asked)).toBe('waiting_for_person');
  expect((await chat()).state).toBe('person');
  await replay((await deadJobs()).filter((job) => job !== answer));
  await poll(async () => (await statusOf(id)) === 'sent', { what: 'the replay' });
  expect(await statusOf(asked)).toBe('answered');
  expect(texts()).toEqual(['We do']);
});
