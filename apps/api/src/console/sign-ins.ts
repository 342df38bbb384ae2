import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import {
  type ConsoleSession,
  type Database,
  createConsoleSession,
  deleteConsoleSession,
  findConsoleSession,
  touchConsoleSession,
} from '@prosaas/database';
import {
  type KeyRing,
  type Keys,
  type Principal,
  digestOf,
  KeysNotLoaded,
  principalByDigest,
  principalsOf,
} from '@prosaas/http';

/** A sign-out in another replica takes effect here within this time. */
const REREAD_AFTER_MS = 2000;
/** Cached sign-ins stay valid this long in an outage of the database, so that people can follow it in the console. */
const OUTAGE_GRACE_MS = 3_600_000;
/** Wait after a failed read, so that not every request waits for a database that is away. */
const RETRY_AFTER_MS = 5000;
const MAX_CACHED = 1000;

interface CachedSignIn {
  session: ConsoleSession;
  readAt: number;
  /** When to read the session again. */
  dueAt: number;
  principal?: Principal | undefined;
}

/**
 * Sign-ins to the console: a cookie's token represents the key that was used to sign in, and is valid as long as that key. A token contains a
 * signature of this stack, so that a forged one costs no query.
 */
export class SignIns {
  readonly #db: Database;
  readonly #keyRing: KeyRing;
  readonly #cache = new Map<string, CachedSignIn>();
  readonly #pendingReads = new Map<string, Promise<ConsoleSession | undefined>>();

  constructor({ db, keyRing }: { db: Database; keyRing: KeyRing }) {
    this.#db = db;
    this.#keyRing = keyRing;
  }

  /** Undefined if the key has no access to the console. @throws KeysNotLoaded */
  async signIn(key: string, address: string): Promise<{ token: string; principal: Principal } | undefined> {
    const keys = this.#keyRing.current();
    if (keys === undefined) throw new KeysNotLoaded();
    const people = this.#keyRing.people();
    const [principal] = principalsOf(keys, { apiKey: key, bearer: key }, people);
    if (principal === undefined && people === undefined) throw new KeysNotLoaded();
    if (principal === undefined) return undefined;
    const random = randomBytes(32).toString('base64url');
    const token = `${random}.${signatureOf(random, keys)}`;
    const personId = principal.person?.id ?? null;
    await createConsoleSession(this.#db, {
      tokenHash: digestOf(token),
      keyProof: proofOf(token, digestOf(key)),
      holder: personId ?? createHmac('sha256', keys.internalSecret).update(digestOf(key)).digest('base64url'),
      personId,
      address,
    });
    return { token, principal };
  }

  /**
   * Undefined if the token is unknown or expired, or its key is no longer valid.
   *
   * @param options.isUse whether the request postpones the expiry. Requests that an open page sends by itself do not.
   * @throws KeysNotLoaded
   */
  async find(token: string, { isUse }: { isUse: boolean }): Promise<Principal | undefined> {
    const keys = this.#keyRing.current();
    if (keys === undefined) throw new KeysNotLoaded();
    const [random = '', signature = ''] = token.split('.');
    if (!isEqual(signature, signatureOf(random, keys))) return undefined;
    const session = await this.#read(token);
    if (session === undefined) return undefined;
    const cached = this.#cache.get(token);
    const principal = this.#principalOf(token, session, keys) ?? undefined;
    if (cached !== undefined) cached.principal = principal;
    // Not awaited: a failed write must not fail the request.
    if (principal !== undefined && isUse) touchConsoleSession(this.#db, digestOf(token)).catch(() => {});
    return principal;
  }

  async signOut(token: string, { everywhere }: { everywhere: boolean }): Promise<void> {
    if (everywhere) this.#cache.clear();
    else this.#cache.delete(token);
    await deleteConsoleSession(this.#db, digestOf(token), { everywhere });
    // A read may have added it again meanwhile.
    this.#cache.delete(token);
  }

  #principalOf(token: string, session: ConsoleSession, keys: Keys): Principal | undefined {
    const { personKeyHash, keyProof, personId } = session;
    const people = this.#keyRing.people();
    if (personId !== null && people === undefined) {
      // The database is away: use the last cached principal.
      const last = this.#cache.get(token)?.principal;
      if (last === undefined) throw new KeysNotLoaded();
      return last;
    }
    if (personId !== null && personKeyHash === null) return undefined;
    return principalByDigest(keys, people, {
      personKeyHash,
      matches: (digest) => timingSafeEqual(proofOf(token, digest), keyProof),
    });
  }

  async #read(token: string): Promise<ConsoleSession | undefined> {
    const cached = this.#cache.get(token);
    const now = performance.now();
    if (cached !== undefined && now < cached.dueAt) return unlessExpired(cached.session);
    try {
      let reading = this.#pendingReads.get(token);
      if (reading === undefined) {
        reading = findConsoleSession(this.#db, digestOf(token)).finally(() =>
          this.#pendingReads.delete(token),
        );
        this.#pendingReads.set(token, reading);
      }
      const session = await reading;
      if (session === undefined) this.#cache.delete(token);
      else this.#remember(token, session);
      return session;
    } catch (error) {
      if (cached === undefined || now - cached.readAt > OUTAGE_GRACE_MS) throw error;
      cached.dueAt = performance.now() + RETRY_AFTER_MS;
      return unlessExpired(cached.session);
    }
  }

  #remember(token: string, session: ConsoleSession): void {
    const principal = this.#cache.get(token)?.principal;
    const readAt = performance.now();
    this.#cache.delete(token);
    this.#cache.set(token, { session, readAt, dueAt: readAt + REREAD_AFTER_MS, principal });
    const [oldest] = this.#cache.keys();
    if (this.#cache.size > MAX_CACHED && oldest !== undefined) this.#cache.delete(oldest);
  }
}

function unlessExpired(session: ConsoleSession): ConsoleSession | undefined {
  return session.endsAt.getTime() > Date.now() ? session : undefined;
}

/** Proves which key was signed in with. Checking it requires the token. */
function proofOf(token: string, keyDigest: Buffer): Buffer {
  return createHmac('sha256', token).update(keyDigest).digest();
}

/** A 128-bit signature that only services of this stack can compute. */
function signatureOf(random: string, { internalSecret }: Keys): string {
  return createHmac('sha256', internalSecret)
    .update(`sign-in ${random}`)
    .digest()
    .subarray(0, 16)
    .toString('base64url');
}

function isEqual(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
