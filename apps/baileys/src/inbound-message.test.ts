import { type WAMessage, type WAMessageKey, proto } from '@whiskeysockets/baileys';
import { describe, expect, test } from 'vitest';
import { type InboundMessage, type PhoneOf, readAddress, readContent } from './inbound-message.ts';

const NOW = new Date('2026-03-01T10:00:00Z');
const ME = { id: '15550001111:3@s.whatsapp.net', lid: '77777:3@lid' };
const unknown = (): Promise<null> => Promise.resolve(null);

async function read(given: WAMessage, phoneOf: PhoneOf): Promise<InboundMessage | undefined> {
  const address = await readAddress(given, { me: ME, phoneOf });
  return address && readContent(given, address, NOW);
}

function message(key: Partial<WAMessageKey>, more: Partial<WAMessage> = {}): WAMessage {
  return {
    key: { remoteJid: '972501234567@s.whatsapp.net', fromMe: false, id: '3A01', ...key },
    message: { conversation: 'hello' },
    messageTimestamp: NOW.getTime() / 1000 - 5,
    pushName: 'Dana',
    ...more,
  };
}

describe('a message of a person', () => {
  test('has the contact, the text and the time', async () => {
    expect(await read(message({}), unknown)).toEqual({
      origin: 'customer',
      externalId: '3A01',
      contact: '972501234567@s.whatsapp.net',
      address: '972501234567@s.whatsapp.net',
      contactName: 'Dana',
      kind: 'text',
      text: 'hello',
      sentAt: new Date(NOW.getTime() - 5000),
    });
  });

  test('from a LID with a phone number has both', async () => {
    const key = { remoteJid: '55555:2@lid', remoteJidAlt: '972501234567@s.whatsapp.net' };
    expect(await read(message(key), unknown)).toMatchObject({
      contact: '972501234567@s.whatsapp.net',
      altContact: '55555@lid',
    });
  });

  test('from a LID alone has the known phone number of the LID', async () => {
    const phoneOf = (): Promise<string> => Promise.resolve('972501234567:0@s.whatsapp.net');
    expect(await read(message({ remoteJid: '55555@lid' }), phoneOf)).toMatchObject({
      contact: '972501234567@s.whatsapp.net',
      altContact: '55555@lid',
    });
  });

  test('from an unknown LID has the LID only', async () => {
    const inbound = await read(message({ remoteJid: '55555@lid' }), unknown);
    expect(inbound?.contact).toBe('55555@lid');
    expect(inbound).not.toHaveProperty('altContact');
  });

  test('has the id of the message that it quotes, also as a disappearing message', async () => {
    const extendedTextMessage = { text: '1', contextInfo: { stanzaId: '3EB0' } };
    for (const content of [
      { extendedTextMessage },
      { ephemeralMessage: { message: { extendedTextMessage } } },
    ])
      expect(await read(message({}, { message: content }), unknown)).toMatchObject({
        text: '1',
        quotedId: '3EB0',
      });
  });

  test('is never dated in the future', async () => {
    const ahead = message({}, { messageTimestamp: NOW.getTime() / 1000 + 3600 });
    expect((await read(ahead, unknown))?.sentAt).toEqual(NOW);
  });
});

describe("a message of the account's own phone", () => {
  const DANA = { contact: '972501234567@s.whatsapp.net' };
  const KNOWN = { ...DANA, altContact: '55555@lid' };
  const dana = (): Promise<string> => Promise.resolve('972501234567:0@s.whatsapp.net');
  const own = (): Promise<string> => Promise.resolve('15550001111@s.whatsapp.net');
  const phone = '972501234567@s.whatsapp.net';
  test.each<[string, Partial<WAMessageKey>, PhoneOf, object]>([
    ['to a number', { remoteJid: phone }, unknown, DANA],
    ['with the LID of the recipient', { remoteJid: phone, remoteJidAlt: '55555@lid' }, unknown, KNOWN],
    ['with the LID of the account', { remoteJid: phone, remoteJidAlt: '77777@lid' }, unknown, DANA],
    [
      'with the LID of a device of the account',
      { remoteJid: phone, remoteJidAlt: '77777:0@lid' },
      unknown,
      DANA,
    ],
    ['to a LID', { remoteJid: '55555@lid' }, unknown, { contact: '55555@lid' }],
    ['to a LID with its number', { remoteJid: '55555@lid', remoteJidAlt: phone }, unknown, KNOWN],
    ['to a LID whose number is known', { remoteJid: '55555@lid' }, dana, KNOWN],
    [
      'to a LID, with the number of the account',
      { remoteJid: '55555@lid', remoteJidAlt: '15550001111@s.whatsapp.net' },
      unknown,
      { contact: '55555@lid' },
    ],
    [
      'to a LID that is mapped to the number of the account',
      { remoteJid: '55555@lid' },
      own,
      { contact: '55555@lid' },
    ],
  ])('%s', async (_name, key, phoneOf, contact) => {
    const given = message({ fromMe: true, ...key });
    expect(await readAddress(given, { me: ME, phoneOf })).toEqual({
      origin: 'phone',
      externalId: '3A01',
      ...contact,
    });
    // Its name is that of the account.
    expect(await read(given, phoneOf)).not.toHaveProperty('contactName');
  });

  test.each(['15550001111@s.whatsapp.net', '77777@lid'])('to itself, %s, is a note', async (remoteJid) => {
    expect(
      await read(message({ fromMe: true, remoteJid, remoteJidAlt: '77777@lid' }), unknown),
    ).toMatchObject({
      origin: 'self_chat',
      contact: '15550001111@s.whatsapp.net',
      altContact: '77777@lid',
      address: '15550001111@s.whatsapp.net',
      text: 'hello',
    });
  });
});

describe('is not a message of a person', () => {
  test.each<[string, WAMessage]>([
    ['a group', message({ remoteJid: '120363020000000000@g.us', participant: '1@s.whatsapp.net' })],
    ['a status', message({ remoteJid: 'status@broadcast' }, { broadcast: true })],
    ['a broadcast list', message({}, { broadcast: true })],
    ['a channel', message({ remoteJid: '12345@newsletter' })],
    ['a message between own devices', message({ fromMe: true }, { category: 'peer' })],
    ['an own message to a group', message({ fromMe: true, remoteJid: '120363020000000000@g.us' })],
    ['an own status', message({ fromMe: true, remoteJid: 'status@broadcast' }, { broadcast: true })],
    [
      'a message that could not be decrypted',
      message({}, { message: null, messageStubType: proto.WebMessageInfo.StubType.CIPHERTEXT }),
    ],
    ['a reaction', message({}, { message: { reactionMessage: { text: '👍' } } })],
    ['a message without an id', message({ id: null })],
  ])('%s', async (_name, given) => {
    expect(await read(given, unknown)).toBeUndefined();
  });
});
