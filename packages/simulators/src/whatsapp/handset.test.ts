import { describe, expect, it } from 'vitest';
import { newClient, server, useServer } from './test-set-up.ts';

useServer();

describe('messages of the own handset', () => {
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
