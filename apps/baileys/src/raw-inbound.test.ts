import { type WAMessage, proto } from '@whiskeysockets/baileys';
import { expect, test } from 'vitest';
import { decodeContent, decodeRaw, encodeRaw, unpad } from './raw-inbound.ts';

const message: WAMessage = {
  key: { remoteJid: '972501234567@s.whatsapp.net', fromMe: false, id: '3A\x0001' },
  message: { conversation: 'hello' },
  messageTimestamp: 1_772_359_200,
  pushName: 'Dana',
};

test('a message is the same after encoding and decoding, also with NUL in its id', () => {
  const read = decodeRaw(encodeRaw(message));
  expect(read).toMatchObject({ ...message, message: { conversation: 'hello' } });
});

test('encodeRaw keeps fields that this client does not know', () => {
  const unknownField = Buffer.from([0xfa, 0xff, 0x01, 1, 7]);
  const content = Buffer.concat([proto.Message.encode(message.message!).finish(), unknownField]);
  const { content: kept } = JSON.parse(Buffer.from(encodeRaw(message, content)).toString()) as {
    content: string;
  };
  expect(Buffer.from(kept, 'base64').equals(content)).toBe(true);
  expect(decodeRaw(encodeRaw(message, content)).message).toMatchObject({ conversation: 'hello' });
});

test('unpad removes the padding', () => {
  const padded = Buffer.concat([proto.Message.encode(message.message!).finish(), Buffer.alloc(7, 7)]);
  expect(decodeContent(unpad(padded)).conversation).toBe('hello');
});

test.each([[[]], [[9]]])('unpad refuses padding that is longer than the message: %j', (bytes) => {
  expect(() => unpad(new Uint8Array(bytes))).toThrow(RangeError);
});
