import { createHash } from 'node:crypto';

/** The id of a message that a caller writes under a key of its own: the same key in the same scope is the same message, for ever. */
export function messageIdForKey(scope: string, key: string): string {
  const digest = createHash('sha256').update(`${scope}\n${key}`).digest();
  // RFC 9562, version 8: an id by a rule of our own.
  digest[6] = (digest[6]! & 0x0f) | 0x80;
  digest[8] = (digest[8]! & 0x3f) | 0x80;
  const hex = digest.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}
