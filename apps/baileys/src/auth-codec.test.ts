import { initAuthCreds } from '@whiskeysockets/baileys';
import { describe, expect, test } from 'vitest';
import { CorruptAuthState, decodeCredentials, decodeKey, encodeAuth } from './auth-codec.ts';

describe('credentials', () => {
  test('keep their values and bytes when saved and read', () => {
    const creds = { ...initAuthCreds(), me: { id: '972501234567:1@s.whatsapp.net', name: 'שלום' } };
    const decoded = decodeCredentials(encodeAuth(creds));
    expect(Buffer.from(decoded.noiseKey.private).equals(creds.noiseKey.private)).toBe(true);
    expect(decoded.registrationId).toBe(creds.registrationId);
    expect(decoded.me).toEqual(creds.me);
  });

  test('lose the NUL that PostgreSQL cannot store', () => {
    expect(encodeAuth({ name: 'a\0b' })).toBe('{"name":"ab"}');
  });

  test('are refused when damaged, with the names of the fields and not their values', () => {
    const { noiseKey: _, ...rest } = initAuthCreds();
    const damaged = encodeAuth({ ...rest, registrationId: 'secret' });
    expect(() => decodeCredentials(damaged)).toThrow(CorruptAuthState);
    expect(() => decodeCredentials(damaged)).toThrow(/noiseKey, registrationId$/);
    expect(() => decodeCredentials('[]')).toThrow(CorruptAuthState);
  });
});

describe('keys', () => {
  test('of each type keep their values when saved and read', () => {
    const pair = { public: Buffer.alloc(32, 1), private: Buffer.alloc(32, 2) };
    expect(decodeKey('pre-key', encodeAuth(pair))).toEqual(pair);
    expect(decodeKey('device-list', encodeAuth(['0', '12']))).toEqual(['0', '12']);
    expect(decodeKey('lid-mapping', encodeAuth('55555'))).toBe('55555');
    expect(decodeKey('identity-key', encodeAuth(new Uint8Array([1, 2])))).toEqual(Buffer.from([1, 2]));
  });

  test.each([
    ['pre-key', '{}'],
    ['session', 'null'],
    ['sender-key', '"text"'],
    ['device-list', '{}'],
  ] as const)('of type %s are refused when damaged', (type, text) => {
    expect(() => decodeKey(type, text)).toThrow(CorruptAuthState);
  });
});
