import { expect, test } from 'vitest';
import { identitiesOf, mentionPattern } from './contact-identities.ts';

test.each([
  ['+49 30 1234567', ['tel:49301234567']],
  ['(49) 30-1234567', ['tel:49301234567']],
  ['tel:+49301234567', ['tel:49301234567']],
  ['49301234567@s.whatsapp.net', ['tel:49301234567']],
  ['49301234567:3@c.us', ['tel:49301234567']],
  ['77@lid', ['lid:77']],
  ['77_1:12@hosted.lid', ['lid:77']],
  ['sip:alice@example.com', ['sip:alice@example.com']],
  ['alice@example.com', ['sip:alice@example.com']],
  ['SIPS:Alice:secret@Example.COM:5061;transport=tls?x=1', ['sip:alice@example.com']],
  ['"Alice Smith" <sip:alice@example.com>;tag=1', ['sip:alice@example.com']],
  ['sip:al%69ce@[2001:db8::1]:5060', ['sip:alice@[2001:db8::1]']],
  ['sip:%zz@example.com', ['sip:%zz@example.com']],
  [
    'sip:+49301234567;phone-context=x@trunk.example.com',
    ['sip:+49301234567@trunk.example.com', 'tel:49301234567'],
  ],
  ['sip:49301234567@trunk.example.com', ['sip:49301234567@trunk.example.com', 'tel:49301234567']],
  ['sip:1001@pbx.example.com', ['sip:1001@pbx.example.com']],
  ['Client:Alice', ['text:client:alice']],
  [' ', ['text:']],
  ['', ['text:']],
])('the identities of %j are %j', (name, identities) => {
  expect(identitiesOf(name)).toEqual(identities);
});

test('a short number gives no mention pattern', () => {
  expect(mentionPattern(['tel:123456'])).toBeUndefined();
  expect(mentionPattern(['tel:123456', 'lid:77'])).toBe('(?<![0-9])77@lid');
});
