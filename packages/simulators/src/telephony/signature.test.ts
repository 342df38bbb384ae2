import { expect, test } from 'vitest';
import { signWebhook } from './signature.ts';

const url = 'https://mycompany.com/myapp.php?foo=1&bar=2';
const call = { CallSid: 'CA1234567890ABCDE', Digits: '1234', To: '+18005551212' };

// Published with the provider's documentation of request validation, in its older and its newer form.
test.each([
  ['+12349013030', '0/KCTR6DLpKmkAf8muzZqo1nDgQ='],
  ['+14158675309', 'RSOYDt4T1cUTdK1PDd93/VVr8B8='],
])("matches the provider's published example with a caller from %s", (number, signature) => {
  expect(signWebhook('12345', url, { ...call, Caller: number, From: number })).toBe(signature);
});

test('every part of the request changes the signature', () => {
  const signed = signWebhook('12345', url, call);
  expect(signWebhook('12346', url, call)).not.toBe(signed);
  expect(signWebhook('12345', `${url}&x`, call)).not.toBe(signed);
  expect(signWebhook('12345', url, { ...call, Digits: '1235' })).not.toBe(signed);
});
