import { describe, expect, test } from 'vitest';
import { contactOf, parseAddress, parseChatId } from './chat-id.ts';

describe('parseChatId', () => {
  test.each([
    ['972501234567', '972501234567@s.whatsapp.net'],
    ['972501234567@c.us', '972501234567@s.whatsapp.net'],
    ['972501234567@s.whatsapp.net', '972501234567@s.whatsapp.net'],
    ['123456789012345@lid', '123456789012345@lid'],
  ])('reads %s as %s', (text, jid) => {
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
  ])('refuses %j', (text) => {
    expect(parseChatId(text)).toBeUndefined();
  });
});

describe('parseAddress', () => {
  test('removes the device', () => {
    expect(parseAddress('972501234567:12@s.whatsapp.net')).toEqual({
      kind: 'phone',
      jid: '972501234567@s.whatsapp.net',
    });
    expect(parseAddress('55555_1:2@lid')).toEqual({ kind: 'lid', jid: '55555@lid' });
  });

  test.each(['120363020000000000@g.us', 'status@broadcast', '12@newsletter', '', null, undefined])(
    'does not accept %j',
    (jid) => {
      expect(parseAddress(jid)).toBeUndefined();
    },
  );
});

describe('contactOf', () => {
  const phone = parseAddress('972501234567@s.whatsapp.net');
  const lid = parseAddress('55555@lid');

  test('returns the phone number and the LID, in either order', () => {
    const both = { contact: '972501234567@s.whatsapp.net', altContact: '55555@lid' };
    expect(contactOf(phone, lid)).toEqual(both);
    expect(contactOf(lid, phone)).toEqual(both);
  });

  test('returns the LID alone when the number is unknown', () => {
    expect(contactOf(lid, undefined)).toEqual({ contact: '55555@lid' });
    expect(contactOf(undefined, undefined)).toBeUndefined();
  });
});
