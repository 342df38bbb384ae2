import { hash, timingSafeEqual } from 'node:crypto';
import type { KeyHolder, KeyHolders, Keys } from '@prosaas/runtime';

/** `business` is an API key; `staff`, `owner` and `admin` are people, `admin` also the admin key. */
export type Role = 'metrics' | 'business' | 'staff' | 'owner' | 'admin' | 'internal';

export interface Principal {
  role: Role;
  /** Of an API key and of a person; an admin is not confined to it. */
  businessId?: string;
  /** Whose key it is, where it is a person's own. */
  person?: Omit<KeyHolder, 'businessId'>;
}

/** What a request shows, by the door it shows it at. */
export interface Credentials {
  bearer?: string;
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
export function digestOf(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

function locksOf(keys: Keys): Lock[] {
  let locks = digests.get(keys);
  if (locks === undefined) {
    locks = [
      lock({ role: 'admin' }, keys.adminKey, adminDoors),
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

const adminDoors: Lock['doors'] = ['bearer', 'apiKey', 'adminKey'];
const personDoors: Readonly<Record<KeyHolder['role'], Lock['doors']>> = {
  staff: ['apiKey'],
  owner: ['apiKey'],
  admin: adminDoors,
};

/**
 * Everyone whom the shown credentials make the sender. Each of the stack's keys is compared, whichever matches; a person's, of which
 * there can be thousands, is looked up by its digest, which tells nothing of the key.
 */
export function principalsOf(keys: Keys, shown: Credentials, people?: KeyHolders): Principal[] {
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
    .map(({ principal }) => principal)
    .concat(
      [...presented].flatMap(([door, digest]) => personOf(people?.get(digest.toString('base64url')), door)),
    );
}

/** The principal whose key has a digest (SHA-256) that `matches`: how who signed in with a key is known again without it. */
export function principalByDigest(
  keys: Keys,
  people: KeyHolders | undefined,
  { personKeyHash, matches }: { personKeyHash: Buffer | null; matches: (digest: Buffer) => boolean },
): Principal | undefined {
  if (personKeyHash === null) return locksOf(keys).find(({ digest }) => matches(digest))?.principal;
  const holder = people?.get(personKeyHash.toString('base64url'));
  return matches(personKeyHash) ? personOf(holder, 'apiKey')[0] : undefined;
}

function personOf(holder: KeyHolder | undefined, door: keyof Credentials): Principal[] {
  if (holder === undefined || !personDoors[holder.role].includes(door)) return [];
  const { businessId, ...person } = holder;
  return [{ role: person.role, businessId, person }];
}

/** Whether one of them has the form of a person's key: 256 bits in base64url. */
export function looksLikePersonKey(shown: Credentials): boolean {
  return adminDoors.some((door) => /^[\w-]{43}$/.test(shown[door] ?? ''));
}
