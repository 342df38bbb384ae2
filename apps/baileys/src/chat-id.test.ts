import { describe, expect, test } from 'vitest';
import { contactOf, parseAddress, parseChatId } from './chat-id.ts';

describe('the chat that a caller names', () => {
  test.each([
    ['972501234567', '972501234567@s.whatsapp.net'],
    ['972501234567@c.us', '972501234567@s.whatsapp.net'],
    ['972501234567@s.whatsapp.net', '972501234567@s.whatsapp.net'],
    ['123456789012345@lid', '123456789012345@lid'],
  ])('%s is %s', (text, jid) => {
    expect(parseChatId(text)).toBe(jid);
  });

  test.each([
    '',
    '+972501234567',
    '1234',
    '972501234567@g.us',
    '120363020000000000@g.us',
    'status@broadcast',
    '972501234567:3@s.whatsapp.net',
    '972501234567@example.com',
    ' 972501234567',
    '972501234567\n',
    '123456789012345678901',
    '٩٧٢٥٠١٢٣٤٥٦٧',
  ])('%j is refused', (text) => {
    expect(parseChatId(text)).toBeUndefined();
  });
});

describe('the person behind an address', () => {
  test('loses the device', () => {
    expect(parseAddress('972501234567:12@s.whatsapp.net')).toEqual({
      kind: 'phone',
      jid: '972501234567@s.whatsapp.net',
    });
    expect(parseAddress('55555_1:2@lid')).toEqual({ kind: 'lid', jid: '55555@lid' });
  });

  test.each(['120363020000000000@g.us', 'status@broadcast', '12@newsletter', '', null, undefined])(
    '%j is nobody',
    (jid) => {
      expect(parseAddress(jid)).toBeUndefined();
    },
  );
});

describe('a contact', () => {
  const phone = parseAddress('972501234567@s.whatsapp.net');
  const lid = parseAddress('55555@lid');

  test('is the phone number with the LID beside it, in whatever order they came', () => {
    const both = { contact: '972501234567@s.whatsapp.net', altContact: '55555@lid' };
    expect(contactOf(phone, lid)).toEqual(both);
    expect(contactOf(lid, phone)).toEqual(both);
  });

  test('is the LID where the number is unknown, never the LID as a number', () => {
    expect(contactOf(lid, undefined)).toEqual({ contact: '55555@lid' });
    expect(contactOf(undefined, undefined)).toBeUndefined();
  });
});
