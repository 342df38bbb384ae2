import { createHmac } from 'node:crypto';

/**
 * Signs a webhook as the provider's documentation describes, without its library, so that a fault of the library is noticed:
 * HMAC-SHA1, keyed with the auth token, over the full URL followed by every parameter's name and value, sorted by name, without
 * separators. https://www.twilio.com/docs/usage/security
 */
export function signWebhook(
  authToken: string,
  url: string,
  parameters: Readonly<Record<string, string>>,
): string {
  const hmac = createHmac('sha1', authToken).update(url, 'utf8');
  for (const name of Object.keys(parameters).toSorted())
    hmac.update(`${name}${parameters[name] ?? ''}`, 'utf8');
  return hmac.digest('base64');
}
