import { hash, timingSafeEqual } from 'node:crypto';
import type { KeyHolder, KeyHolders, Keys } from '@prosaas/runtime';

/** `business` is an API key; `staff`, `owner` and `admin` are people, and `admin` is also the admin key. */
export type Role = 'metrics' | 'business' | 'staff' | 'owner' | 'admin' | 'internal';

/** Who sends a request. */
export interface Principal {
  role: Role;
  /** The business of an API key or a person. An admin is not confined to it. */
  businessId?: string;
  /** Set when the key is a person's own. */
  person?: Omit<KeyHolder, 'businessId'>;
}

/** The keys in a request, by where they are sent. */
export interface Credentials {
  bearer?: string;
  apiKey?: string;
  adminKey?: string;
  internalSecret?: string;
  queryToken?: string;
}

export type CredentialKind = keyof Credentials;

interface StackKey {
  principal: Principal;
  digest: Buffer;
  /** Where a request may send this key. */
  acceptedAs: readonly CredentialKind[];
}

const ADMIN_KEY_KINDS: readonly CredentialKind[] = ['bearer', 'apiKey', 'adminKey'];
const PERSON_KEY_KINDS: Readonly<Record<KeyHolder['role'], readonly CredentialKind[]>> = {
  staff: ['apiKey'],
  owner: ['apiKey'],
  admin: ADMIN_KEY_KINDS,
};

const stackKeysCache = new WeakMap<Keys, StackKey[]>();

/** SHA-256. Digests have one length, so comparing them in constant time reveals neither a key's content nor its length. */
export function digestOf(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

function stackKeysOf(keys: Keys): StackKey[] {
  let stackKeys = stackKeysCache.get(keys);
  if (stackKeys === undefined) {
    stackKeys = [
      stackKey({ role: 'admin' }, keys.adminKey, ADMIN_KEY_KINDS),
      stackKey({ role: 'internal' }, keys.internalSecret, ['internalSecret']),
      ...keys.apiKeys.map(({ businessId, key }) =>
        stackKey({ role: 'business', businessId }, key, ['apiKey']),
      ),
      ...keys.metricsTokens.map((token) => stackKey({ role: 'metrics' }, token, ['bearer', 'queryToken'])),
    ];
    stackKeysCache.set(keys, stackKeys);
  }
  return stackKeys;
}

function stackKey(principal: Principal, key: string, acceptedAs: StackKey['acceptedAs']): StackKey {
  return { principal, digest: digestOf(key), acceptedAs };
}

/**
 * Every principal that the credentials identify. All of the stack's keys are compared in constant time, also after a match. The keys
 * of people, of which there can be thousands, are looked up by digest, which reveals nothing about a key.
 */
export function principalsOf(keys: Keys, credentials: Credentials, people?: KeyHolders): Principal[] {
  const digests = new Map<CredentialKind, Buffer>();
  for (const [kind, text] of Object.entries(credentials) as [CredentialKind, string | undefined][]) {
    if (text !== undefined && text !== '') digests.set(kind, digestOf(text));
  }
  const matches = stackKeysOf(keys).filter(({ digest, acceptedAs }) => {
    let isMatch = false;
    for (const kind of acceptedAs) {
      const candidate = digests.get(kind);
      if (candidate !== undefined) isMatch = timingSafeEqual(digest, candidate) || isMatch;
    }
    return isMatch;
  });
  return [
    ...matches.map(({ principal }) => principal),
    ...[...digests].flatMap(
      ([kind, digest]) => principalOfPerson(people?.get(digest.toString('base64url')), kind) ?? [],
    ),
  ];
}

/**
 * The principal whose key's digest satisfies `matches`. It identifies a signed-in user again without storing the key.
 * `personKeyHash` is the digest of a person's key, or null for one of the stack's keys.
 */
export function principalByDigest(
  keys: Keys,
  people: KeyHolders | undefined,
  { personKeyHash, matches }: { personKeyHash: Buffer | null; matches: (digest: Buffer) => boolean },
): Principal | undefined {
  if (personKeyHash === null) return stackKeysOf(keys).find(({ digest }) => matches(digest))?.principal;
  const holder = people?.get(personKeyHash.toString('base64url'));
  return matches(personKeyHash) ? principalOfPerson(holder, 'apiKey') : undefined;
}

function principalOfPerson(holder: KeyHolder | undefined, kind: CredentialKind): Principal | undefined {
  if (holder === undefined || !PERSON_KEY_KINDS[holder.role].includes(kind)) return undefined;
  const { businessId, ...person } = holder;
  return { role: person.role, businessId, person };
}

/** Whether one of the credentials has the form of a person's key: 256 bits in base64url. */
export function looksLikePersonKey(credentials: Credentials): boolean {
  return ADMIN_KEY_KINDS.some((kind) => /^[\w-]{43}$/.test(credentials[kind] ?? ''));
}
