import { expect, test } from 'vitest';
import { maskPhone } from './mask-phone.ts';

test.each([
  ['+972501234567', '+***67'],
  ['972501234567@s.whatsapp.net', '***67@s.whatsapp.net'],
  ['call from +1 (415) 555-2671 ended', 'call from +***71 ended'],
  ['050-123-4567', '***67'],
  ['room 12345', 'room 12345'],
  ['no number', 'no number'],
])('%j is shown as %j', (text, masked) => {
  expect(maskPhone(text)).toBe(masked);
});
