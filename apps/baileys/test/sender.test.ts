import { type Database, createDatabase, createSession, migrate } from '@prosaas/database';
import { testDatabase } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
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
  sender = new Sender({
    db,
    log,
    signal: new AbortController().signal,
    ackTimeoutMs: 5000,
    onSent: () => (counts.sent += 1),
    onError: () => (counts.errors += 1),
  });
});

/** A session whose server answers as told; `written` is what reached it. */
async function session(
  answer: (id: string) => void | Promise<void>,
): Promise<SendingSession & { written: string[] }> {
  sessions += 1;
  const id = `s${sessions}`;
  await createSession(db, { id, businessId: 'default', wanted: 'stopped' });
  const written: string[] = [];
  const write = async (_jid: string, _text: string, messageId: string): Promise<void> => {
    written.push(messageId);
    await answer(messageId);
  };
  return { id, acks: new AckBook(), written, write };
}

test("WhatsApp's id follows from session and key", () => {
  expect(messageIdOf('a', 'k')).toBe(messageIdOf('a', 'k'));
  expect(messageIdOf('a', 'k')).not.toBe(messageIdOf('b', 'k'));
});

test('a refusal is told, counted as an error, and not as a message sent; a repeat tries again', async () => {
  let refusal: string | undefined = '463';
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
