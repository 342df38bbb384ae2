import { ValidationFailed } from '@prosaas/http';

/**
 * The digits of a phone number as people write it: `+49 (0)170 123-45 67` is `491701234567`. Returns null and undefined unchanged.
 * @throws ValidationFailed
 */
export function digitsOf(
  number: string | null | undefined,
  field = 'body.phone_number',
): string | null | undefined {
  if (number === null || number === undefined) return number;
  const digits = number
    .replace('(0)', '')
    .replaceAll(/[ ()./-]/g, '')
    .replace(/^\+/, '');
  // Country codes never begin with 0: a national number without its country code is refused.
  if (/^[1-9]\d{4,19}$/.test(digits)) return digits;
  throw new ValidationFailed([
    {
      field,
      message: 'must be a number with its country code, 5 to 20 digits: +49 170 1234567',
    },
  ]);
}
