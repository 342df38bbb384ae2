import { closeMessage, findMessageById } from '@prosaas/database';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KeyedMutex, LineFull } from '../src/keyed-mutex.ts';
import { workOff } from '../src/work-off.ts';
import { type Stage, setStage, silent } from './stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(async () => {
  await stage[Symbol.asyncDispose]();
});

/** The job of a message on its last attempt, whose steps fail on some messages. */
async function lastTry(messageId: string, isFaulty: (id: string) => boolean): Promise<void> {
  const { db } = stage;
  const { conversation_id: conversationId, business_id: businessId } = (await findMessageById(
    db,
    messageId,
  ))!;
  const signal = AbortSignal.timeout(10_000);
  const payload = { messageId, conversationId, businessId };
  const task = { payload, trace: '', lastAttempt: true, signal, log: silent };
  await workOff(
    { ...task, around: (_id, step) => step() },
    {
      db,
      direction: 'inbound',
      fail: async (message, error) => void (await closeMessage(db, message.id, { status: 'failed', error })),
      line: new KeyedMutex({ maxWaiting: 1 }),
      step: async ({ id }) => {
        if (isFaulty(id)) throw new Error('for now');
        return closeMessage(db, id, { status: 'answered' });
      },
    },
  );
}

test('a job whose attempts are over ends no message but its own, and is not ended by an older one', async () => {
  const ids: string[] = [];
  for (const text of ['first', 'second', 'third']) ids.push(await stage.receive('1@s.whatsapp.net', text));
  const [first, second, third] = ids as [string, string, string];
  const statuses = (): Promise<unknown[]> =>
    Promise.all(ids.map(async (id) => (await findMessageById(stage.db, id))?.status));
  await expect(lastTry(third, (id) => id !== third)).rejects.toBeInstanceOf(LineFull);
  expect(await statuses()).toEqual(['received', 'received', 'received']);
  await lastTry(first, (id) => id === second);
  expect(await statuses()).toEqual(['answered', 'received', 'received']);
  await expect(lastTry(second, (id) => id === second)).rejects.toThrow('for now');
  expect(await statuses()).toEqual(['answered', 'failed', 'answered']);
});
