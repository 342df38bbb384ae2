import { expect, test } from 'vitest';
import { nameOf, numberOf, searchOf } from './contact.ts';

test.each([
  ['491701234567@s.whatsapp.net', '+491701234567'],
  ['77@lid', 'number unknown'],
  ['sip:alice@example.com', 'sip:alice@example.com'],
])('%s is shown as %s', (contact, shown) => {
  expect(numberOf(contact)).toBe(shown);
});

test('shows the number of a contact without a name', () => {
  const contact = '491701234567@s.whatsapp.net';
  expect(nameOf({ contact, contact_name: 'Maria' })).toBe('Maria');
  expect(nameOf({ contact, contact_name: ' ' })).toBe('+491701234567');
  expect(nameOf({ contact, contact_name: null })).toBe('+491701234567');
});

test.each([
  ['+49 (170) 123-4567', '491701234567'],
  ['0170 1234567', '1701234567'],
  ['0049 170', '49170'],
  ['  Maria ', 'Maria'],
  ['12', '12'],
  ['000', '000'],
  ['room 12', 'room 12'],
  ['x', undefined],
  ['   ', undefined],
  ['y'.repeat(300), 'y'.repeat(100)],
])('%j is searched for as %j', (typed, search) => {
  expect(searchOf(typed)).toBe(search);
});
