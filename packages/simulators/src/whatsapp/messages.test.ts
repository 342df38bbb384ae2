import assert from 'node:assert/strict';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { AccountState } from './account.ts';
import { startWhatsAppServer } from './server.ts';
import type { WhatsAppServer } from './server.ts';
import { TestClient } from './test-client.ts';

let server: WhatsAppServer;
let clients: TestClient[];

beforeEach(async () => {
  server = await startWhatsAppServer();
  clients = [];
});

afterEach(async () => {
  for (const client of clients) await client.end();
  await server[Symbol.asyncDispose]();
  // Whatever a test is about, the client keeps to the protocol and asks nothing the server cannot answer.
  assert.deepEqual(server.violations, []);
  assert.deepEqual(server.unhandled, []);
});

function newClient(config?: ConstructorParameters<typeof TestClient>[1]): TestClient {
  const client = new TestClient(server, config);
  clients.push(client);
  return client;
}

describe('messages', () => {
  it('carries texts both ways, with ack and delivery receipt', async () => {
    const client = newClient();
    const account = await client.pair();
    const phone = server.addPhone({ pushName: 'Ana' });

    const { id } = await phone.sendText(account, 'hello');
    expect(await client.text(id)).toBe('hello');
    expect(client.messages.find(({ key }) => key.id === id)?.pushName).toBe('Ana');

    const reply = await client.sendText(phone.jid, 'hi Ana');
    await client.acked(reply);
    expect(await phone.nextText()).toMatchObject({ id: reply, text: 'hi Ana', from: account.jid });
    await client.delivered(reply);
    await phone.markRead(reply);
    await client.until(() => client.statuses.some((s) => s.id === reply && s.status === 4), 'read');
    expect(account.sent).toMatchObject([{ id: reply, to: phone.jid, text: 'hi Ana' }]);
  });

  it('reaches a phone that never wrote before', async () => {
    const client = newClient();
    await client.pair();
    const phone = server.addPhone();
    const id = await client.sendText(phone.jid, 'a first word');
    expect((await phone.nextText()).id).toBe(id);
  });

  it('knows who is on WhatsApp', async () => {
    const client = newClient();
    await client.pair();
    const phone = server.addPhone();
    const answers = await client.socket!.onWhatsApp(phone.number, '19990000000');
    expect(answers).toEqual([{ jid: phone.jid, exists: true }]);
  });

  it('acks a message to a number that does not exist with an error', async () => {
    const client = newClient();
    await client.pair();
    // The client finds no device to write to and sends to nobody.
    const id = await client.sendText('19990000000@s.whatsapp.net', 'anyone?');
    await client.acked(id);
    expect(client.acks.find((ack) => ack.id === id)?.error).toBe('404');
  });

  it('acks a message to somebody who has left WhatsApp with an error, under both addresses', async () => {
    const client = newClient();
    await client.pair();
    const phone = server.addPhone();
    await client.sendText(phone.jid, 'hello');
    await phone.waitForCount(1);
    phone.leave();
    for (const jid of [phone.jid, phone.lid]) {
      const id = await client.sendText(jid, 'still there?');
      await client.acked(id);
      expect(client.acks.find((ack) => ack.id === id)?.error).toBe('404');
    }
    expect(phone.received).toHaveLength(1);
  });

  it.each([
    ['pn', '@s.whatsapp.net'],
    ['lid', '@lid'],
    ['lid-only', '@lid'],
  ] as const)('names the sender by %s, and the client can answer it', async (addressing, domain) => {
    const client = newClient();
    const account = await client.pair();
    const phone = server.addPhone();
    const { id } = await phone.sendText(account, 'who am I?', { addressing });
    await client.text(id);
    const { key } = client.messages.find((message) => message.key.id === id)!;
    expect(key.remoteJid).toMatch(domain);
    const other = { pn: phone.lid, lid: phone.jid, 'lid-only': undefined }[addressing];
    expect(key.remoteJidAlt).toBe(other);
    const reply = await client.sendText(key.remoteJid!, 'you are you');
    expect(await phone.nextText()).toMatchObject({ id: reply, text: 'you are you' });
    await client.delivered(reply);
  });

  describe('of the own handset', () => {
    it.each([
      ['pn', 'recipient', '@s.whatsapp.net'],
      ['pn', 'own', '@s.whatsapp.net'],
      ['lid', 'recipient', '@lid'],
      ['lid', 'own', '@lid'],
      ['lid', 'none', '@lid'],
    ] as const)(
      'reach the client as its own, by %s with the other address: %s',
      async (addressing, alternate, domain) => {
        const client = newClient();
        const account = await client.pair();
        const phone = server.addPhone();
        const { id } = await account.handset.send(phone, 'I wrote this by hand', { addressing, alternate });
        await client.until(() => client.messages.some(({ key }) => key.id === id), 'the copy');
        const { key, message, pushName } = client.messages.find((copy) => copy.key.id === id)!;
        const chat = addressing === 'pn' ? phone : { jid: phone.lid, lid: phone.jid };
        const others = {
          recipient: chat.lid,
          own: addressing === 'pn' ? account.lid : account.jid,
          none: undefined,
        };
        expect(key).toMatchObject({ fromMe: true, remoteJid: chat.jid });
        expect(key.remoteJid).toMatch(domain);
        expect(key.remoteJidAlt).toBe(others[alternate]);
        expect(message?.conversation).toBe('I wrote this by hand');
        expect(pushName).toBe(`Business ${account.number}`);
        expect((await phone.nextText()).id).toBe(id);
        await client.until(() => account.pending === 0, 'the copy acknowledged');
      },
    );

    it('come again when the client could not read them', async () => {
      const client = newClient();
      const account = await client.pair();
      const phone = server.addPhone();
      const { id } = await account.handset.send(phone, 'garbled at first', { corruptFirst: true });
      await client.until(
        () =>
          client.messages.some(
            ({ key, message }) => key.id === id && message?.conversation === 'garbled at first',
          ),
        'the repeat',
      );
    });

    it('may be in the chat with oneself, and in a group', async () => {
      const client = newClient();
      const account = await client.pair();
      const note = await account.handset.send('self', 'buy milk');
      await client.until(() => client.messages.some(({ key }) => key.id === note.id), 'the note');
      expect(client.messages.find(({ key }) => key.id === note.id)?.key).toMatchObject({
        fromMe: true,
        remoteJid: account.jid,
      });
      const { id } = await account.handset.send('group', 'hello all');
      await client.until(() => client.messages.some(({ key }) => key.id === id), 'the message to the group');
      expect(client.messages.find(({ key }) => key.id === id)?.key).toMatchObject({
        fromMe: true,
        remoteJid: expect.stringMatching(/@g\.us$/),
      });
    });

    it('may be automatic: a greeting once, an excuse each time', async () => {
      const client = newClient();
      const account = await client.pair();
      const phone = server.addPhone();
      account.handset.answerAutomatically({ greeting: 'Welcome', away: 'We are closed' });
      await phone.sendText(account, 'hi');
      await phone.sendText(account, 'hello?');
      await phone.waitForCount(3);
      expect(phone.received.map(({ text }) => text)).toEqual(['Welcome', 'We are closed', 'We are closed']);
      const chat = () => client.messages.filter(({ key }) => key.remoteJid === phone.jid);
      await client.until(() => chat().length === 5, 'the copies');
      expect(chat().map(({ key }) => key.fromMe)).toEqual([false, true, true, false, true]);
    });

    it('may come as history', async () => {
      const client = newClient({ shouldSyncHistoryMessage: () => true });
      const account = await client.pair();
      const phone = server.addPhone();
      const histories: unknown[] = [];
      client.socket!.ev.on('messaging-history.set', ({ messages }) => histories.push(...messages));
      await account.handset.shareHistory([{ to: phone, text: 'last year', sentAt: new Date('2025-01-02') }]);
      await client.until(() => histories.length > 0, 'the history');
      expect(histories).toMatchObject([
        { key: { fromMe: true, remoteJid: phone.jid }, message: { conversation: 'last year' } },
      ]);
    });
  });

  it('carries a protocol message that is no text', async () => {
    const client = newClient();
    const account = await client.pair();
    const phone = server.addPhone();
    const { id } = await phone.sendText(account, 'oops');
    const revoked = await phone.revoke(account, id);
    await client.until(() => client.messages.some(({ key }) => key.id === revoked.id), 'the revocation');
    expect(client.texts.map((text) => text.id)).toEqual([id]);
  });

  it('keeps the order of a phone and mixes none of many phones', async () => {
    const client = newClient();
    const account = await client.pair();
    const phones = Array.from({ length: 20 }, () => server.addPhone());
    const wanted = phones.flatMap((phone) =>
      Array.from({ length: 25 }, (_, index) => ({ from: phone.jid, text: `${phone.number} #${index}` })),
    );
    await Promise.all(
      phones.map((phone) =>
        Promise.all(
          wanted.filter(({ from }) => from === phone.jid).map(({ text }) => phone.sendText(account, text)),
        ),
      ),
    );
    await client.until(() => client.texts.length === 500, '500 texts');
    for (const phone of phones) {
      const own = (list: Array<{ from: string; text: string }>): string[] =>
        list.filter(({ from }) => from === phone.jid).map(({ text }) => text);
      expect(own(client.texts)).toEqual(own(wanted));
    }
  });
});

describe('prekeys', () => {
  it('are asked for when few are left, and a first message goes without one when none is', async () => {
    const client = newClient();
    await client.pair({ number: '15551230002' });
    const companion = (server.accounts.get('15551230002') as AccountState).companions.get(1)!;
    const before = companion.preKeys.size;
    expect(before).toBeGreaterThan(800);
    while (companion.preKeys.size > 5) companion.bundle();
    companion.bundle();
    await client.until(() => companion.preKeys.size > 5, 'more prekeys');

    server.silence(server.accounts.get('15551230002')!, true);
    while (companion.preKeys.size > 0) companion.bundle();
    const sending = server.addPhone().sendText(server.accounts.get('15551230002')!, 'keyless');
    server.silence(server.accounts.get('15551230002')!, false);
    expect(await client.text((await sending).id)).toBe('keyless');
  });
});

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
