import { describe, expect, it } from 'vitest';
import type { AccountState } from './account.ts';
import { newClient, server, useServer } from './test-set-up.ts';

useServer();

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
