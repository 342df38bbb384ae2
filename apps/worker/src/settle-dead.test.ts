import {
  claimReplays,
  createDatabase,
  createSession,
  findMessageById,
  migrate,
  recordInbound,
  reopenMessages,
} from '@prosaas/database';
import { testDatabase } from '@prosaas/devstack';
import type { KeptLetter } from '@prosaas/queues';
import { createLogger } from '@prosaas/runtime';
import { expect, test } from 'vitest';
import { settleDead } from './settle-dead.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });

test('whoever settles a dead job late leaves the message alone that a replay of its letter reopened', async () => {
  const url = await testDatabase();
  await migrate({ url, log });
  await using db = createDatabase({ url, applicationName: 'test', log });
  await createSession(db, { id: 'shop', businessId: 'default', wanted: 'started' });
  const { message } = await recordInbound(db, {
    sessionId: 'shop',
    businessId: 'default',
    contact: '1@s.whatsapp.net',
    externalId: 'E1',
    text: 'Hello',
    sentAt: new Date(),
  });
  const letterOf = (failure: number): KeptLetter => ({
    id: `inbound-messages.${message.id}.${failure}`,
    origin: { queue: 'inbound-messages', id: message.id },
    payload: { messageId: message.id, conversationId: message.conversation_id, businessId: 'default' },
    reason: `failure ${failure}`,
    attempts: 1,
    failures: [],
    trace: '',
    replay_of: null,
    created_at: new Date().toISOString(),
    started_at: null,
    failed_at: new Date().toISOString(),
  });
  const settle = settleDead(db);
  const end = async (): Promise<unknown> => {
    const { status, error } = (await findMessageById(db, message.id)) ?? {};
    return { status, error };
  };

  await settle(letterOf(1));
  expect(await end()).toEqual({ status: 'failed', error: 'failure 1' });

  // Due in an hour: its job may be drained long before.
  await claimReplays(db, [letterOf(1).id]);
  await reopenMessages(db, [{ id: message.id, notBefore: new Date(Date.now() + 3_600_000) }]);
  await settle(letterOf(1));
  expect(await end()).toEqual({ status: 'received', error: null });

  await settle(letterOf(2));
  expect(await end()).toEqual({ status: 'failed', error: 'failure 2' });
});
