import { type WAMessage, type WAMessageKey, proto } from '@whiskeysockets/baileys';
import { describe, expect, test } from 'vitest';
import { type InboundMessage, type PhoneOf, readAddress, readContent } from './inbound-message.ts';

const NOW = new Date('2026-03-01T10:00:00Z');
const unknown = (): Promise<null> => Promise.resolve(null);

async function read(given: WAMessage, phoneOf: PhoneOf): Promise<InboundMessage | undefined> {
  const address = await readAddress(given, phoneOf);
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
  test('carries who, what and when', async () => {
    expect(await read(message({}), unknown)).toEqual({
      externalId: '3A01',
      contact: '972501234567@s.whatsapp.net',
      address: '972501234567@s.whatsapp.net',
      contactName: 'Dana',
      text: 'hello',
      sentAt: new Date(NOW.getTime() - 5000),
    });
  });

  test('from a LID with a number beside it carries both', async () => {
    const key = { remoteJid: '55555:2@lid', remoteJidAlt: '972501234567@s.whatsapp.net' };
    expect(await read(message(key), unknown)).toMatchObject({
      contact: '972501234567@s.whatsapp.net',
      altContact: '55555@lid',
    });
  });

  test('from a LID alone takes the number that is known for it', async () => {
    const phoneOf = (): Promise<string> => Promise.resolve('972501234567:0@s.whatsapp.net');
    expect(await read(message({ remoteJid: '55555@lid' }), phoneOf)).toMatchObject({
      contact: '972501234567@s.whatsapp.net',
      altContact: '55555@lid',
    });
  });

  test('from a LID of which nothing is known stays a LID', async () => {
    const inbound = await read(message({ remoteJid: '55555@lid' }), unknown);
    expect(inbound?.contact).toBe('55555@lid');
    expect(inbound).not.toHaveProperty('altContact');
  });

  test('carries the id of the message that it quotes, also where it disappears by itself', async () => {
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

  test('is not dated into the future by a clock that is ahead', async () => {
    const ahead = message({}, { messageTimestamp: NOW.getTime() / 1000 + 3600 });
    expect((await read(ahead, unknown))?.sentAt).toEqual(NOW);
  });
});

describe('no message of a person is', () => {
  test.each<[string, WAMessage]>([
    ['our own echo', message({ fromMe: true })],
    ['a group', message({ remoteJid: '120363020000000000@g.us', participant: '1@s.whatsapp.net' })],
    ['a status', message({ remoteJid: 'status@broadcast' }, { broadcast: true })],
    ['a broadcast list', message({}, { broadcast: true })],
    ['a channel', message({ remoteJid: '12345@newsletter' })],
    ['a message between own devices', message({}, { category: 'peer' })],
    [
      'one that could not be decrypted',
      message({}, { message: null, messageStubType: proto.WebMessageInfo.StubType.CIPHERTEXT }),
    ],
    ['a reaction', message({}, { message: { reactionMessage: { text: '👍' } } })],
    ['one without an id', message({ id: null })],
  ])('%s', async (_name, given) => {
    expect(await read(given, unknown)).toBeUndefined();
  });
});
