import { createHash } from 'node:crypto';

/** Derives a message's id from a caller's idempotency key: the same key in the same scope always gives the same id. */
export function messageIdForKey(scope: string, key: string): string {
  const digest = createHash('sha256').update(`${scope}\n${key}`).digest();
  // UUID version 8 (custom) and its variant: RFC 9562, section 5.8.
  digest[6] = (digest[6]! & 0x0f) | 0x80;
  digest[8] = (digest[8]! & 0x3f) | 0x80;
  const hex = digest.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}
