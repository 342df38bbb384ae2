import { expect, test } from 'vitest';
import {
  CUT_MARK,
  ID_LENGTH,
  NAME_LENGTH,
  TEXT_LENGTH,
  storedId,
  storedName,
  storedText,
} from './inbound-limits.ts';

test.each([
  ['a short text', 'hello', 'hello'],
  ['a text of the full length', 'a'.repeat(TEXT_LENGTH), 'a'.repeat(TEXT_LENGTH)],
  ['emoji of the full length', '😀'.repeat(TEXT_LENGTH), '😀'.repeat(TEXT_LENGTH)],
  ['emoji beyond the full length', '😀'.repeat(TEXT_LENGTH + 1), '😀'.repeat(TEXT_LENGTH) + CUT_MARK],
])('storedText: %s', (_name, text, stored) => {
  expect(storedText(text) === stored).toBe(true);
});

test.each([
  ['a name', ' Dana ', 'Dana'],
  ['no name', undefined, undefined],
  ['blanks', '  ', undefined],
  ['a name with NUL', 'Da\0na', 'Dana'],
  ['a name that is too long', 'א'.repeat(NAME_LENGTH + 1), 'א'.repeat(NAME_LENGTH)],
])('storedName: %s', (_name, name, stored) => {
  expect(storedName(name)).toBe(stored);
});

test.each([
  ['an id of a WhatsApp app', '3EB0A1B2C3', '3EB0A1B2C3'],
  ['an id of the full length', 'A'.repeat(ID_LENGTH), 'A'.repeat(ID_LENGTH)],
  [
    'an id that is too long',
    'A'.repeat(ID_LENGTH + 1),
    'sha256:e7118c3a89bf814ded2ab232303565239253f59fdea93e27d0206e175492e3a7',
  ],
  ['an id with NUL', 'A\0', expect.stringMatching(/^sha256:[0-9a-f]{64}$/)],
])('storedId: %s', (_name, id, stored) => {
  expect(storedId(id)).toEqual(stored);
});
