import { hash, timingSafeEqual } from 'node:crypto';
import type { Keys } from '@prosaas/runtime';

export type Role = 'metrics' | 'business' | 'admin' | 'internal';

export interface Principal {
  role: Role;
  businessId?: string;
}

/** What a request shows, by the door it shows it at. */
export interface Credentials {
  bearer?: string;
  /** The password of HTTP Basic; read at the doors that a browser comes to. */
  basic?: string;
  apiKey?: string;
  adminKey?: string;
  internalSecret?: string;
  queryToken?: string;
}

const digests = new WeakMap<Keys, Lock[]>();

interface Lock {
  principal: Principal;
  digest: Buffer;
  doors: readonly (keyof Credentials)[];
}

// Digests have one length: neither a key's content nor its length shows in the time that a comparison takes.
function digestOf(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

function locksOf(keys: Keys): Lock[] {
  let locks = digests.get(keys);
  if (locks === undefined) {
    locks = [
      lock({ role: 'admin' }, keys.adminKey, ['bearer', 'basic', 'apiKey', 'adminKey']),
      lock({ role: 'internal' }, keys.internalSecret, ['internalSecret']),
      ...keys.apiKeys.map(({ businessId, key }) => lock({ role: 'business', businessId }, key, ['apiKey'])),
      ...keys.metricsTokens.map((token) => lock({ role: 'metrics' }, token, ['bearer', 'queryToken'])),
    ];
    digests.set(keys, locks);
  }
  return locks;
}

function lock(principal: Principal, key: string, doors: Lock['doors']): Lock {
  return { principal, digest: digestOf(key), doors };
}

/** Everyone whom the shown credentials make the sender; every key is compared, whichever matches. */
export function principalsOf(keys: Keys, shown: Credentials): Principal[] {
  const presented = new Map<keyof Credentials, Buffer>();
  for (const [door, text] of Object.entries(shown) as [keyof Credentials, string | undefined][]) {
    if (text !== undefined && text !== '') presented.set(door, digestOf(text));
  }
  return locksOf(keys)
    .filter(({ digest, doors }) => {
      let opens = false;
      for (const door of doors) {
        const candidate = presented.get(door);
        if (candidate !== undefined) opens = timingSafeEqual(digest, candidate) || opens;
      }
      return opens;
    })
    .map(({ principal }) => principal);
}
