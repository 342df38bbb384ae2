import { recordDelivery, resolveLostProgramMessages } from '@prosaas/database';
import { createLogger } from '@prosaas/runtime';
import { expect, test } from 'vitest';
import { SessionNotWorking } from '../src/errors.ts';
import { Sender, type SendingSession, messageIdOf } from '../src/sender.ts';
import { useSenderHarness } from './sender-harness.ts';

const harness = useSenderHarness();
const request = { key: 'k', jid: '972501234567@s.whatsapp.net', text: 'hello' };
const reminder = { key: 'r', jid: request.jid, text: 'Tomorrow at nine.', isProgram: true };
const messagesOf = ({
  id,
}: SendingSession): Promise<{ id: string; status: string; error: string | null }[]> =>
  harness.db.query(
    `select messages.id, status, error, author, external_id, reason, sent_at is not null as is_sent, contact, state
     from messages join conversations on conversations.id = conversation_id
     where messages.session_id = $1 order by messages.seq`,
    [id],
  );

test('a text is stored once for each key, whichever replica sends the repeat', async () => {
  const subject = await harness.session((id) => void harness.sender.acknowledged(subject, id, undefined));
  subject.otherAddress = async (jid) => ({ [request.jid]: '123@lid', '123@lid': request.jid })[jid];
  // Two replicas, each of which believes that it holds the session.
  const [first, second] = await Promise.all(
    [harness.sender, harness.newSender()].map((one) => one.send(subject, reminder)),
  );
  expect(second).toEqual(first);
  expect(await harness.sender.send(subject, reminder)).toEqual(first);
  expect(first).toEqual({ id: messageIdOf(subject.id, 'r'), status: 'sent' });
  expect(await messagesOf(subject)).toEqual([
    {
      id: expect.any(String),
      status: 'sent',
      error: null,
      reason: null,
      author: 'program',
      external_id: first!.id,
      is_sent: true,
      contact: request.jid,
      state: 'agent',
    },
  ]);
  const other = harness.sender.send(subject, { ...reminder, text: 'Tomorrow at ten.' });
  await expect(other).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  const chat = harness.sender.send(subject, { ...reminder, jid: '972509999999@s.whatsapp.net' });
  await expect(chat).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  expect(await messagesOf(subject)).toMatchObject([{ status: 'sent' }]);
  // Under its other address the contact is the same.
  expect(await harness.sender.send(subject, { ...reminder, jid: '123@lid' })).toEqual(first);
  expect(harness.counts.sent).toBe(1);
});

test('a key of a program and an equal message id of the worker are two messages', async () => {
  const subject = await harness.session((id) => void harness.sender.acknowledged(subject, id, undefined));
  const key = '11111111-1111-4111-8111-111111111111';
  await harness.sender.send(subject, { ...request, key });
  await harness.sender.send(subject, { ...reminder, key });
  expect(await messagesOf(subject)).toMatchObject([{ status: 'sent' }]);
  expect(subject.written).toHaveLength(2);
});

test('a message that WhatsApp refuses is failed with the reason, and sent when a repeat succeeds', async () => {
  let refusal: string | undefined = '404';
  const subject = await harness.session((id) => void harness.sender.acknowledged(subject, id, refusal));
  await expect(harness.sender.send(subject, reminder)).rejects.toMatchObject({ code: 'SEND_REFUSED' });
  const [failed] = await messagesOf(subject);
  expect(failed).toMatchObject({
    status: 'failed',
    error: 'SEND_REFUSED: WhatsApp refused the message: nobody has this number on WhatsApp (404)',
  });
  refusal = undefined;
  await harness.sender.send(subject, reminder);
  expect(await messagesOf(subject)).toMatchObject([{ id: failed!.id, status: 'sent', error: null }]);
});

test('an ack after the timeout makes the message sent', async () => {
  const subject = await harness.session(() => {});
  await expect(harness.newSender(50).send(subject, reminder)).rejects.toMatchObject({ code: 'ACK_TIMEOUT' });
  expect(await messagesOf(subject)).toMatchObject([
    { status: 'failed', error: expect.stringMatching(/^ACK_TIMEOUT: /) },
  ]);
  await harness.sender.acknowledged(subject, messageIdOf(subject.id, 'r'), undefined);
  expect(await messagesOf(subject)).toMatchObject([{ status: 'sent', error: null, is_sent: true }]);
});

test('a delivery receipt makes a message without an ack sent, and a repeat sends nothing', async () => {
  const subject = await harness.session(() => {
    throw new SessionNotWorking('x', 'closed');
  });
  await expect(harness.sender.send(subject, reminder)).rejects.toMatchObject({ code: 'SESSION_NOT_WORKING' });
  expect(await messagesOf(subject)).toMatchObject([{ status: 'failed' }]);
  const id = messageIdOf(subject.id, 'r');
  await recordDelivery(harness.db, subject.id, [id]);
  expect(await messagesOf(subject)).toMatchObject([{ status: 'sent', error: null, is_sent: true }]);
  expect(await harness.sender.send(subject, reminder)).toEqual({ id, status: 'sent' });
  expect(subject.written).toHaveLength(1);
});

test('messages of a killed service become failed, or sent if WhatsApp has them', async () => {
  const subject = await harness.session(() => {});
  // The service that waits for this is gone with its wait.
  harness
    .newSender(3_600_000)
    .send(subject, reminder)
    .catch(() => {});
  await expect.poll(() => subject.written.length).toBe(1);
  harness
    .newSender(3_600_000)
    .send(subject, { ...reminder, key: 'of a release before' })
    .catch(() => {});
  await expect.poll(() => subject.written.length).toBe(2);
  await harness.db.query(
    `update whatsapp_sends set status = 'sent', sent_at = now() where session_id = $1 and message_id = $2`,
    [subject.id, messageIdOf(subject.id, 'of a release before')],
  );
  const settle = (afterSeconds: number): Promise<number> =>
    resolveLostProgramMessages(harness.db, { afterSeconds, error: 'NOT_CONFIRMED: gone' });
  expect(await settle(60)).toBe(0);
  expect((await messagesOf(subject)).map(({ status }) => status)).toEqual(['queued', 'queued']);
  expect(await settle(0)).toBe(2);
  expect(await messagesOf(subject)).toMatchObject([
    { external_id: messageIdOf(subject.id, 'r'), status: 'failed', error: 'NOT_CONFIRMED: gone' },
    { status: 'sent', error: null, is_sent: true },
  ]);
  // The next service sends it when the program repeats it, under the same id.
  subject.write = (_jid, _text, id) => harness.sender.acknowledged(subject, id, undefined);
  await harness.sender.send(subject, reminder);
  expect(await messagesOf(subject)).toMatchObject([{ status: 'sent', error: null }, { status: 'sent' }]);
});

test('a contact who has opted out gets no new text, and a repeat of a sent one is answered as before', async () => {
  const subject = await harness.session((id) => void harness.sender.acknowledged(subject, id, undefined));
  const first = await harness.sender.send(subject, reminder);
  const broken = { ...reminder, key: 'broken' };
  const { write } = subject;
  subject.write = () => Promise.reject(new Error('no devices'));
  await expect(harness.sender.send(subject, broken)).rejects.toMatchObject({ code: 'SEND_FAILED' });
  subject.write = write;
  await harness.db.query('update conversations set opted_out_at = now() where session_id = $1', [subject.id]);
  const optedOut = { status: 409, code: 'CONTACT_OPTED_OUT', message: expect.stringContaining('/opt-in') };
  await expect(harness.sender.send(subject, { ...reminder, key: 'new' })).rejects.toMatchObject(optedOut);
  await expect(harness.sender.send(subject, { ...reminder, key: 'x', jid: '123@lid' })).rejects.toMatchObject(
    optedOut,
  );
  await expect(harness.sender.send(subject, broken)).rejects.toMatchObject(optedOut);
  expect(await harness.sender.send(subject, reminder)).toEqual(first);
  expect(subject.written).toHaveLength(1);
  expect(await messagesOf(subject)).toMatchObject([
    { status: 'sent' },
    { status: 'ignored', reason: 'opted_out', error: null },
  ]);
  await harness.db.query('update conversations set opted_out_at = null where session_id = $1', [subject.id]);
  await harness.sender.send(subject, broken);
  expect(await messagesOf(subject)).toMatchObject([{ status: 'sent' }, { status: 'sent', reason: null }]);
});

test('a text to an existing conversation costs one statement', async () => {
  const subject = await harness.session((id) => void harness.sender.acknowledged(subject, id, undefined));
  await harness.sender.send(subject, reminder);
  let asked = 0;
  const counting = new Sender({
    db: {
      ...harness.db,
      query: (sql, params) => {
        asked += 1;
        return harness.db.query(sql, params);
      },
      transaction: () => Promise.reject(new Error('a transaction takes more')),
    },
    log: createLogger({ service: 'test', instance: 'test', level: 'silent' }),
    signal: new AbortController().signal,
    ackTimeoutMs: 5000,
    onSent: () => {},
    onError: () => {},
  });
  await counting.send(subject, { ...reminder, key: 'second' });
  expect(asked).toBe(1);
});
