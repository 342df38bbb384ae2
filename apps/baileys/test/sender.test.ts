import {
  type Database,
  createDatabase,
  createSession,
  migrate,
  recordDelivery,
  settleLostProgramMessages,
} from '@prosaas/database';
import { testDatabase } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AckBook } from '../src/ack-book.ts';
import { SessionNotWorking } from '../src/errors.ts';
import { Sender, type SendingSession, messageIdOf } from '../src/sender.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const request = { key: 'k', jid: '972501234567@s.whatsapp.net', text: 'hello' };
let db: Database;
let counts: { sent: number; errors: number };
let sender: Sender;
let sessions = 0;

beforeAll(async () => {
  const url = await testDatabase();
  await migrate({ url, log });
  db = createDatabase({ url, applicationName: 'test', log });
});
afterAll(() => db[Symbol.asyncDispose]());
beforeEach(() => {
  counts = { sent: 0, errors: 0 };
  sender = newSender();
});

const newSender = (ackTimeoutMs = 5000): Sender =>
  new Sender({
    db,
    log,
    signal: new AbortController().signal,
    ackTimeoutMs,
    onSent: () => (counts.sent += 1),
    onError: () => (counts.errors += 1),
  });

interface Written {
  /** Ids of what reached the server, and where it went. */
  written: string[];
  addresses: string[];
}

/** A session whose server answers as told. */
async function session(
  answer: (id: string, jid: string) => void | Promise<void>,
): Promise<{ -readonly [name in keyof SendingSession]: SendingSession[name] } & Written> {
  sessions += 1;
  const id = `s${sessions}`;
  await createSession(db, { id, businessId: 'default', wanted: 'stopped' });
  const written: string[] = [];
  const addresses: string[] = [];
  const write = async (jid: string, _text: string, messageId: string): Promise<void> => {
    written.push(messageId);
    addresses.push(jid);
    await answer(messageId, jid);
  };
  return {
    id,
    businessId: 'default',
    acks: new AckBook(),
    account: '15550000000',
    restriction: undefined,
    askRestriction: () => Promise.resolve(true),
    otherAddress: () => Promise.resolve('123@lid'),
    written,
    addresses,
    write,
  };
}

test("WhatsApp's id follows from session and key", () => {
  expect(messageIdOf('a', 'k')).toBe(messageIdOf('a', 'k'));
  expect(messageIdOf('a', 'k')).not.toBe(messageIdOf('b', 'k'));
});

test('a refusal is told, counted as an error, and not as a message sent; a repeat tries again', async () => {
  let refusal: string | undefined = '401';
  const subject = await session((id) => void sender.acknowledged(subject, id, refusal));
  await expect(sender.send(subject, request)).rejects.toMatchObject({ status: 422, code: 'SEND_REFUSED' });
  expect(counts).toEqual({ sent: 0, errors: 1 });
  refusal = undefined;
  expect(await sender.send(subject, request)).toEqual({ id: subject.written[0], status: 'sent' });
  expect(counts).toEqual({ sent: 1, errors: 1 });
  expect(subject.written).toHaveLength(2);
});

test('an ack told twice is counted once', async () => {
  const subject = await session((id) => {
    void sender.acknowledged(subject, id, undefined);
    void sender.acknowledged(subject, id, undefined);
  });
  await sender.send(subject, request);
  await sender.acknowledged(subject, messageIdOf(subject.id, 'k'), undefined);
  expect(counts).toEqual({ sent: 1, errors: 0 });
});

test('what a crash left pending is sent again under the same id', async () => {
  const broken = await session(() => {
    throw new SessionNotWorking('x', 'closed');
  });
  await expect(sender.send(broken, request)).rejects.toMatchObject({ status: 409 });
  broken.write = async (_jid, _text, id) => {
    broken.written.push(id);
    await sender.acknowledged(broken, id, undefined);
  };
  await sender.send(broken, request);
  expect(new Set(broken.written).size).toBe(1);
  expect(broken.written).toHaveLength(2);
});

test('a failure of the client is told as such, and may be repeated', async () => {
  const subject = await session(() => {
    throw new Error('no devices');
  });
  await expect(sender.send(subject, request)).rejects.toMatchObject({ status: 502, retryable: true });
  expect(counts.errors).toBe(1);
});

test.each(['463', '479', '404'])(
  'refused with %s under one address, it is sent to the other',
  async (code) => {
    const subject = await session(
      (id, jid) => void sender.acknowledged(subject, id, jid === request.jid ? code : undefined),
    );
    const sent = await sender.send(subject, request);
    expect(sent.status).toBe('sent');
    expect(subject.addresses).toEqual([request.jid, '123@lid']);
    expect(new Set(subject.written)).toEqual(new Set([sent.id]));
    // The same key is the same message, wherever it went, and a resend goes where it arrived.
    expect(await sender.send(subject, request)).toEqual(sent);
    expect(subject.addresses).toHaveLength(2);
    const [row] = await db.query('select chat_id from whatsapp_sends where session_id = $1', [subject.id]);
    expect(row).toEqual({ chat_id: '123@lid' });
  },
);

test.each([
  { code: '463', status: 502, told: 'SEND_REFUSED_FOR_NOW' },
  { code: '479', status: 502, told: 'SEND_REFUSED_FOR_NOW' },
  { code: '500', status: 502, told: 'SEND_REFUSED_FOR_NOW' },
  { code: '429', status: 502, told: 'SEND_REFUSED_FOR_NOW' },
  { code: '404', status: 422, told: 'SEND_REFUSED' },
  { code: '400', status: 422, told: 'SEND_REFUSED' },
])('refused with $code everywhere, it is $told', async ({ code, status, told }) => {
  const subject = await session((id) => void sender.acknowledged(subject, id, code));
  const refused = sender.send(subject, request);
  await expect(refused).rejects.toMatchObject({ status, code: told });
  await expect(refused).rejects.toThrow(`(${code})`);
});

test('an account that turns out to be restricted does not try again by itself', async () => {
  const subject = await session((id) => void sender.acknowledged(subject, id, '463'));
  subject.askRestriction = () => {
    subject.restriction = { reason: 'reachout_timelock', until: undefined };
    return Promise.resolve(true);
  };
  await expect(sender.send(subject, request)).rejects.toMatchObject({ status: 422, code: 'SEND_REFUSED' });
});

test('nor does one of which WhatsApp does not tell', async () => {
  const subject = await session((id) => void sender.acknowledged(subject, id, '463'));
  subject.askRestriction = () => Promise.resolve(false);
  await expect(sender.send(subject, request)).rejects.toMatchObject({ status: 422, code: 'SEND_REFUSED' });
});

test('a worker of another release may have sent it to the other address: the same key is the same message', async () => {
  let refusal: string | undefined = '500';
  const subject = await session((id) => void sender.acknowledged(subject, id, refusal));
  const others: Record<string, string> = { [request.jid]: '123@lid', '123@lid': request.jid };
  subject.otherAddress = (jid) => Promise.resolve(others[jid]);
  await expect(sender.send(subject, request)).rejects.toMatchObject({ code: 'SEND_REFUSED_FOR_NOW' });
  refusal = undefined;
  await sender.send(subject, { ...request, jid: '123@lid' });
  expect(subject.addresses).toEqual([request.jid, '123@lid']);
  const [row] = await db.query('select chat_id from whatsapp_sends where session_id = $1', [subject.id]);
  expect(row).toEqual({ chat_id: '123@lid' });
  const third = sender.send(subject, { ...request, jid: '999@lid' });
  await expect(third).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
});

test('a message for one account is not sent from another', async () => {
  const subject = await session((id) => void sender.acknowledged(subject, id, undefined));
  const other = sender.send(subject, { ...request, account: '15551111111' });
  await expect(other).rejects.toMatchObject({ status: 422, code: 'ACCOUNT_CHANGED' });
  expect(subject.written).toEqual([]);
  await sender.send(subject, { ...request, account: '15550000000' });
  expect(subject.written).toHaveLength(1);
});

describe('of a program', () => {
  const reminder = { key: 'r', jid: request.jid, text: 'Tomorrow at nine.', isProgram: true };
  const messagesOf = ({
    id,
  }: SendingSession): Promise<{ id: string; status: string; error: string | null }[]> =>
    db.query(
      `select messages.id, status, error, author, external_id, reason, sent_at is not null as is_sent, contact, state
       from messages join conversations on conversations.id = conversation_id
       where messages.session_id = $1 order by messages.seq`,
      [id],
    );

  test('a text is a message of the conversation, once for each key, whoever sends the repeat', async () => {
    const subject = await session((id) => void sender.acknowledged(subject, id, undefined));
    subject.otherAddress = async (jid) => ({ [request.jid]: '123@lid', '123@lid': request.jid })[jid];
    // Two replicas, each of which believes that it holds the session.
    const [first, second] = await Promise.all(
      [sender, newSender()].map((one) => one.send(subject, reminder)),
    );
    expect(second).toEqual(first);
    expect(await sender.send(subject, reminder)).toEqual(first);
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
    const other = sender.send(subject, { ...reminder, text: 'Tomorrow at ten.' });
    await expect(other).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    const chat = sender.send(subject, { ...reminder, jid: '972509999999@s.whatsapp.net' });
    await expect(chat).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    expect(await messagesOf(subject)).toMatchObject([{ status: 'sent' }]);
    // Under its other address the contact is the same.
    expect(await sender.send(subject, { ...reminder, jid: '123@lid' })).toEqual(first);
    expect(counts.sent).toBe(1);
  });

  test('a key of a program may look like the id of a message of the worker: they are two', async () => {
    const subject = await session((id) => void sender.acknowledged(subject, id, undefined));
    const key = '11111111-1111-4111-8111-111111111111';
    await sender.send(subject, { ...request, key });
    await sender.send(subject, { ...reminder, key });
    expect(await messagesOf(subject)).toMatchObject([{ status: 'sent' }]);
    expect(subject.written).toHaveLength(2);
  });

  test('a message that WhatsApp refuses is failed with the reason, and sent when a repeat succeeds', async () => {
    let refusal: string | undefined = '404';
    const subject = await session((id) => void sender.acknowledged(subject, id, refusal));
    await expect(sender.send(subject, reminder)).rejects.toMatchObject({ code: 'SEND_REFUSED' });
    const [failed] = await messagesOf(subject);
    expect(failed).toMatchObject({
      status: 'failed',
      error: 'SEND_REFUSED: WhatsApp refused the message: nobody has this number on WhatsApp (404)',
    });
    refusal = undefined;
    await sender.send(subject, reminder);
    expect(await messagesOf(subject)).toMatchObject([{ id: failed!.id, status: 'sent', error: null }]);
  });

  test('an ack that comes too late for the answer makes the message sent', async () => {
    const subject = await session(() => {});
    await expect(newSender(50).send(subject, reminder)).rejects.toMatchObject({ code: 'ACK_TIMEOUT' });
    expect(await messagesOf(subject)).toMatchObject([
      { status: 'failed', error: expect.stringMatching(/^ACK_TIMEOUT: /) },
    ]);
    await sender.acknowledged(subject, messageIdOf(subject.id, 'r'), undefined);
    expect(await messagesOf(subject)).toMatchObject([{ status: 'sent', error: null, is_sent: true }]);
  });

  test('a message whose ack was lost is sent when the phone has it, and a repeat does not send it again', async () => {
    const subject = await session(() => {
      throw new SessionNotWorking('x', 'closed');
    });
    await expect(sender.send(subject, reminder)).rejects.toMatchObject({ code: 'SESSION_NOT_WORKING' });
    expect(await messagesOf(subject)).toMatchObject([{ status: 'failed' }]);
    const id = messageIdOf(subject.id, 'r');
    await recordDelivery(db, subject.id, [id]);
    expect(await messagesOf(subject)).toMatchObject([{ status: 'sent', error: null, is_sent: true }]);
    expect(await sender.send(subject, reminder)).toEqual({ id, status: 'sent' });
    expect(subject.written).toHaveLength(1);
  });

  test('what a killed service left open is settled: failed, or sent where WhatsApp has it', async () => {
    const subject = await session(() => {});
    // The service that waits for this is gone with its wait.
    newSender(3_600_000)
      .send(subject, reminder)
      .catch(() => {});
    await expect.poll(() => subject.written.length).toBe(1);
    newSender(3_600_000)
      .send(subject, { ...reminder, key: 'of a release before' })
      .catch(() => {});
    await expect.poll(() => subject.written.length).toBe(2);
    await db.query(
      `update whatsapp_sends set status = 'sent', sent_at = now() where session_id = $1 and message_id = $2`,
      [subject.id, messageIdOf(subject.id, 'of a release before')],
    );
    const settle = (afterSeconds: number): Promise<number> =>
      settleLostProgramMessages(db, { afterSeconds, error: 'NOT_CONFIRMED: gone' });
    expect(await settle(60)).toBe(0);
    expect((await messagesOf(subject)).map(({ status }) => status)).toEqual(['queued', 'queued']);
    expect(await settle(0)).toBe(2);
    expect(await messagesOf(subject)).toMatchObject([
      { external_id: messageIdOf(subject.id, 'r'), status: 'failed', error: 'NOT_CONFIRMED: gone' },
      { status: 'sent', error: null, is_sent: true },
    ]);
    // The next service sends it when the program repeats it, under the same id.
    subject.write = (_jid, _text, id) => sender.acknowledged(subject, id, undefined);
    await sender.send(subject, reminder);
    expect(await messagesOf(subject)).toMatchObject([{ status: 'sent', error: null }, { status: 'sent' }]);
  });

  test('who has opted out gets nothing, and is written nothing; what she got before is answered as it was', async () => {
    const subject = await session((id) => void sender.acknowledged(subject, id, undefined));
    const first = await sender.send(subject, reminder);
    const broken = { ...reminder, key: 'broken' };
    const { write } = subject;
    subject.write = () => Promise.reject(new Error('no devices'));
    await expect(sender.send(subject, broken)).rejects.toMatchObject({ code: 'SEND_FAILED' });
    subject.write = write;
    await db.query('update conversations set opted_out_at = now() where session_id = $1', [subject.id]);
    const optedOut = { status: 409, code: 'CONTACT_OPTED_OUT', message: expect.stringContaining('/opt-in') };
    await expect(sender.send(subject, { ...reminder, key: 'new' })).rejects.toMatchObject(optedOut);
    await expect(sender.send(subject, { ...reminder, key: 'x', jid: '123@lid' })).rejects.toMatchObject(
      optedOut,
    );
    await expect(sender.send(subject, broken)).rejects.toMatchObject(optedOut);
    expect(await sender.send(subject, reminder)).toEqual(first);
    expect(subject.written).toHaveLength(1);
    expect(await messagesOf(subject)).toMatchObject([
      { status: 'sent' },
      { status: 'ignored', reason: 'opted_out', error: null },
    ]);
    await db.query('update conversations set opted_out_at = null where session_id = $1', [subject.id]);
    await sender.send(subject, broken);
    expect(await messagesOf(subject)).toMatchObject([{ status: 'sent' }, { status: 'sent', reason: null }]);
  });

  test('a text costs one statement where the conversation is there', async () => {
    const subject = await session((id) => void sender.acknowledged(subject, id, undefined));
    await sender.send(subject, reminder);
    let asked = 0;
    const counting = new Sender({
      db: {
        ...db,
        query: (sql, params) => {
          asked += 1;
          return db.query(sql, params);
        },
        transaction: () => Promise.reject(new Error('a transaction takes more')),
      },
      log,
      signal: new AbortController().signal,
      ackTimeoutMs: 5000,
      onSent: () => {},
      onError: () => {},
    });
    await counting.send(subject, { ...reminder, key: 'second' });
    expect(asked).toBe(1);
  });
});
