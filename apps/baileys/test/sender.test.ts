import { expect, test } from 'vitest';
import { SessionNotWorking } from '../src/errors.ts';
import { messageIdOf } from '../src/sender.ts';
import { useSenderHarness } from './sender-harness.ts';

const request = { key: 'k', jid: '972501234567@s.whatsapp.net', text: 'hello' };
const harness = useSenderHarness();

test("WhatsApp's id follows from session and key", () => {
  expect(messageIdOf('a', 'k')).toBe(messageIdOf('a', 'k'));
  expect(messageIdOf('a', 'k')).not.toBe(messageIdOf('b', 'k'));
});

test('a refusal is an error and not a sent message, and a repeat sends again', async () => {
  let refusal: string | undefined = '401';
  const subject = await harness.session((id) => void harness.sender.acknowledged(subject, id, refusal));
  await expect(harness.sender.send(subject, request)).rejects.toMatchObject({
    status: 422,
    code: 'SEND_REFUSED',
  });
  expect(harness.counts).toEqual({ sent: 0, errors: 1 });
  refusal = undefined;
  expect(await harness.sender.send(subject, request)).toEqual({ id: subject.written[0], status: 'sent' });
  expect(harness.counts).toEqual({ sent: 1, errors: 1 });
  expect(subject.written).toHaveLength(2);
});

test('a repeated ack is counted once', async () => {
  const subject = await harness.session((id) => {
    void harness.sender.acknowledged(subject, id, undefined);
    void harness.sender.acknowledged(subject, id, undefined);
  });
  await harness.sender.send(subject, request);
  await harness.sender.acknowledged(subject, messageIdOf(subject.id, 'k'), undefined);
  expect(harness.counts).toEqual({ sent: 1, errors: 0 });
});

test('a pending send of a crashed service is sent again under the same id', async () => {
  const broken = await harness.session(() => {
    throw new SessionNotWorking('x', 'closed');
  });
  await expect(harness.sender.send(broken, request)).rejects.toMatchObject({ status: 409 });
  broken.write = async (_jid, _text, id) => {
    broken.written.push(id);
    await harness.sender.acknowledged(broken, id, undefined);
  };
  await harness.sender.send(broken, request);
  expect(new Set(broken.written).size).toBe(1);
  expect(broken.written).toHaveLength(2);
});

test('a failure of the client is a retryable error', async () => {
  const subject = await harness.session(() => {
    throw new Error('no devices');
  });
  await expect(harness.sender.send(subject, request)).rejects.toMatchObject({ status: 502, retryable: true });
  expect(harness.counts.errors).toBe(1);
});

test.each(['463', '479', '404'])(
  'a message that is refused with %s is sent to the other address',
  async (code) => {
    const subject = await harness.session(
      (id, jid) => void harness.sender.acknowledged(subject, id, jid === request.jid ? code : undefined),
    );
    const sent = await harness.sender.send(subject, request);
    expect(sent.status).toBe('sent');
    expect(subject.addresses).toEqual([request.jid, '123@lid']);
    expect(new Set(subject.written)).toEqual(new Set([sent.id]));
    // The same key is the same message, wherever it went, and a resend goes where it arrived.
    expect(await harness.sender.send(subject, request)).toEqual(sent);
    expect(subject.addresses).toHaveLength(2);
    const [row] = await harness.db.query('select chat_id from whatsapp_sends where session_id = $1', [
      subject.id,
    ]);
    expect(row).toEqual({ chat_id: '123@lid' });
  },
);

test.each([
  { code: '463', status: 502, expected: 'SEND_REFUSED_FOR_NOW' },
  { code: '479', status: 502, expected: 'SEND_REFUSED_FOR_NOW' },
  { code: '500', status: 502, expected: 'SEND_REFUSED_FOR_NOW' },
  { code: '429', status: 502, expected: 'SEND_REFUSED_FOR_NOW' },
  { code: '404', status: 422, expected: 'SEND_REFUSED' },
  { code: '400', status: 422, expected: 'SEND_REFUSED' },
])(
  'a message that is refused with $code at every address is $expected',
  async ({ code, status, expected }) => {
    const subject = await harness.session((id) => void harness.sender.acknowledged(subject, id, code));
    const refused = harness.sender.send(subject, request);
    await expect(refused).rejects.toMatchObject({ status, code: expected });
    await expect(refused).rejects.toThrow(`(${code})`);
  },
);

test('a 463 for a restricted account is final', async () => {
  const subject = await harness.session((id) => void harness.sender.acknowledged(subject, id, '463'));
  subject.askRestriction = () => {
    subject.restriction = { reason: 'reachout_timelock', until: undefined };
    return Promise.resolve(true);
  };
  await expect(harness.sender.send(subject, request)).rejects.toMatchObject({
    status: 422,
    code: 'SEND_REFUSED',
  });
});

test('a 463 is final when WhatsApp does not report the restrictions', async () => {
  const subject = await harness.session((id) => void harness.sender.acknowledged(subject, id, '463'));
  subject.askRestriction = () => Promise.resolve(false);
  await expect(harness.sender.send(subject, request)).rejects.toMatchObject({
    status: 422,
    code: 'SEND_REFUSED',
  });
});

test('the same key is the same message under the other address of the contact', async () => {
  let refusal: string | undefined = '500';
  const subject = await harness.session((id) => void harness.sender.acknowledged(subject, id, refusal));
  const others: Record<string, string> = { [request.jid]: '123@lid', '123@lid': request.jid };
  subject.otherAddress = (jid) => Promise.resolve(others[jid]);
  await expect(harness.sender.send(subject, request)).rejects.toMatchObject({ code: 'SEND_REFUSED_FOR_NOW' });
  refusal = undefined;
  await harness.sender.send(subject, { ...request, jid: '123@lid' });
  expect(subject.addresses).toEqual([request.jid, '123@lid']);
  const [row] = await harness.db.query('select chat_id from whatsapp_sends where session_id = $1', [
    subject.id,
  ]);
  expect(row).toEqual({ chat_id: '123@lid' });
  const third = harness.sender.send(subject, { ...request, jid: '999@lid' });
  await expect(third).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
});

test('a message for one account is not sent from another', async () => {
  const subject = await harness.session((id) => void harness.sender.acknowledged(subject, id, undefined));
  const other = harness.sender.send(subject, { ...request, account: '15551111111' });
  await expect(other).rejects.toMatchObject({ status: 422, code: 'ACCOUNT_CHANGED' });
  expect(subject.written).toEqual([]);
  await harness.sender.send(subject, { ...request, account: '15550000000' });
  expect(subject.written).toHaveLength(1);
});
