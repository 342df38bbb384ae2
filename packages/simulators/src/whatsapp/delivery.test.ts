import { describe, expect, it } from 'vitest';
import { newClient, server, useServer } from './test-set-up.ts';

useServer();

describe('delivery', () => {
  it('keeps messages for a client that is away, marks them offline and settles them once', async () => {
    const client = newClient();
    const account = await client.pair();
    const phone = server.addPhone();
    await client.until(() => account.pending === 0, 'the greeting acknowledged');
    await client.end();
    await client.until(() => !account.connected, 'gone');

    const sent = await phone.sendText(account, 'while you were out', { awaitDelivery: false });
    const again = await phone.sendText(account, 'and again', { awaitDelivery: false });
    expect(account.pending).toBe(2);
    await client.reconnect();
    await client.text(again.id);
    expect(client.texts).toMatchObject([
      { id: sent.id, offline: true },
      { id: again.id, offline: true },
    ]);
    await client.until(() => account.pending === 0, 'all acknowledged');

    await client.end();
    await client.until(() => !account.connected, 'gone again');
    await client.reconnect();
    expect(client.texts).toHaveLength(2);
  });

  it('loses nothing when the line is cut in the middle of a delivery', async () => {
    const client = newClient();
    const account = await client.pair();
    const phone = server.addPhone();
    const send = (text: string): Promise<{ id: string }> =>
      phone.sendText(account, text, { awaitDelivery: false });
    const texts = Array.from({ length: 60 }, (_, index) => `#${index}`);
    for (const text of texts.slice(0, 30)) await send(text);
    server.dropConnections();
    for (const text of texts.slice(30)) await send(text);
    await client.until(() => client.closeCodes.includes(428), 'the cut');
    await client.reconnect();
    await client.until(() => account.pending === 0, 'all acknowledged');
    await client.until(() => client.texts.length >= 60, 'all texts');
    expect(client.texts.map(({ text }) => text)).toEqual(texts);
  });

  it('repeats an id with fresh or with the same bytes', async () => {
    const client = newClient();
    const account = await client.pair();
    const phone = server.addPhone();
    const { id } = await phone.sendText(account, 'once');
    await phone.redeliver(account, id);
    await client.until(() => client.texts.length === 2, 'the repeat');
    expect(client.texts.map((text) => text.id)).toEqual([id, id]);
    // The client has used the key of these bytes: it refuses them, and the server lets go.
    await phone.redeliver(account, id, { ciphertext: 'same' });
    expect(account.pending).toBe(0);
    expect(client.texts).toHaveLength(2);
  });

  it('keeps delivery and read receipts of one message apart', async () => {
    const client = newClient();
    const account = await client.pair();
    const phone = server.addPhone();
    await client.until(() => account.pending === 0, 'the greeting acknowledged');
    server.silence(account, true);
    const id = await client.sendText(phone.jid, 'read this');
    await phone.nextText();
    void phone.markRead(id);
    expect(account.pending).toBe(2);
    server.silence(account, false);
    await client.until(() => account.pending === 0, 'both acknowledged');
    await client.until(() => client.statuses.some((s) => s.id === id && s.status === 4), 'read');
  });

  it('sends again when the client cannot decrypt', async () => {
    const client = newClient({ retryRequestDelayMs: 1 });
    const account = await client.pair();
    const phone = server.addPhone();
    const { id } = await phone.sendText(account, 'broken at first', { corruptFirst: true });
    expect(await client.text(id)).toBe('broken at first');
    expect(account.pending).toBe(0);
  });

  it('asks the client to send again when the phone cannot decrypt', async () => {
    const client = newClient();
    const account = await client.pair();
    const phone = server.addPhone();
    await phone.sendText(account, 'hi');
    await client.sendText(phone.jid, 'one');
    await phone.waitForCount(1);
    await phone.sendText(account, 'still there?');
    phone.forgetSessions();
    const id = await client.sendText(phone.jid, 'two');
    expect(await phone.nextText({ where: ({ text }) => text === 'two' })).toMatchObject({ id });
    await client.delivered(id);
  });

  it('acks a repeated id again and shows it once', async () => {
    const client = newClient();
    await client.pair();
    const phone = server.addPhone();
    const id = await client.sendText(phone.jid, 'the same');
    await client.acked(id);
    await client.socket!.relayMessage(phone.jid, { conversation: 'the same' }, { messageId: id });
    await client.until(() => client.acks.filter((ack) => ack.id === id).length === 2, 'the second ack');
    await client.until(() => phone.repeats === 1, 'the repeat at the phone');
    expect(phone.received).toHaveLength(1);
  });
});
