import { createHmac } from 'node:crypto';

/**
 * The signature of a webhook, from the provider's published description and not by its library, so that a fault of the
 * library shows: HMAC-SHA1, keyed with the auth token, over the full URL and then every parameter's name and value, sorted by
 * name, with nothing in between. https://www.twilio.com/docs/usage/security
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
