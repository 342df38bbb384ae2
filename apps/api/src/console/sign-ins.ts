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

/** How soon a sign-out in another replica counts here. */
const READ_EVERY_MS = 2000;
/** While the database is away, nobody can take a sign-in back either: those that are known go on, so that its outage can be seen. */
const KNOWN_FOR_MS = 3_600_000;
/** After a failed reading: those that are known do not wait for a database that is away. */
const RETRY_AFTER_MS = 5000;
const MOST_KNOWN = 1000;

interface Known {
  session: ConsoleSession;
  readAt: number;
  /** Not asked again before. */
  dueAt: number;
  principal?: Principal | undefined;
}

/**
 * Who is signed in to the console: by the token of a cookie, for as long as the key counts that was signed in with. A token bears the
 * mark of this stack: one that was made up costs no query.
 */
export class SignIns {
  readonly #db: Database;
  readonly #keyRing: KeyRing;
  readonly #known = new Map<string, Known>();
  readonly #reading = new Map<string, Promise<ConsoleSession | undefined>>();

  constructor({ db, keyRing }: { db: Database; keyRing: KeyRing }) {
    this.#db = db;
    this.#keyRing = keyRing;
  }

  /** Undefined where the key opens nothing that the console shows. @throws KEYS_NOT_LOADED */
  async signIn(key: string, address: string): Promise<{ token: string; principal: Principal } | undefined> {
    const keys = this.#keyRing.current();
    if (keys === undefined) throw new KeysNotLoaded();
    const people = this.#keyRing.people();
    const [principal] = principalsOf(keys, { apiKey: key, bearer: key }, people);
    if (principal === undefined && people === undefined) throw new KeysNotLoaded();
    if (principal === undefined) return undefined;
    const random = randomBytes(32).toString('base64url');
    const token = `${random}.${markOf(random, keys)}`;
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
   * Undefined where nobody signed in with it, it ended, or the key does not count any more. `isUse`: somebody does something, and is
   * not only looked after. @throws KEYS_NOT_LOADED
   */
  async find(token: string, { isUse }: { isUse: boolean }): Promise<Principal | undefined> {
    const keys = this.#keyRing.current();
    if (keys === undefined) throw new KeysNotLoaded();
    const [random = '', mark = ''] = token.split('.');
    if (!isSame(mark, markOf(random, keys))) return undefined;
    const session = await this.#read(token);
    if (session === undefined) return undefined;
    const known = this.#known.get(token);
    const principal = this.#principalOf(token, session, keys) ?? undefined;
    if (known !== undefined) known.principal = principal;
    // Not waited for: nobody is turned away because this could not be written.
    if (principal !== undefined && isUse) touchConsoleSession(this.#db, digestOf(token)).catch(() => {});
    return principal;
  }

  async signOut(token: string, { everywhere }: { everywhere: boolean }): Promise<void> {
    if (everywhere) this.#known.clear();
    else this.#known.delete(token);
    await deleteConsoleSession(this.#db, digestOf(token), { everywhere });
    // What was read meanwhile.
    this.#known.delete(token);
  }

  #principalOf(token: string, session: ConsoleSession, keys: Keys): Principal | undefined {
    const { personKeyHash, keyProof, personId } = session;
    const people = this.#keyRing.people();
    if (personId !== null && people === undefined) {
      // The database is away: she is who she was.
      const before = this.#known.get(token)?.principal;
      if (before === undefined) throw new KeysNotLoaded();
      return before;
    }
    if (personId !== null && personKeyHash === null) return undefined;
    return principalByDigest(keys, people, {
      personKeyHash,
      matches: (digest) => timingSafeEqual(proofOf(token, digest), keyProof),
    });
  }

  async #read(token: string): Promise<ConsoleSession | undefined> {
    const known = this.#known.get(token);
    const now = performance.now();
    if (known !== undefined && now < known.dueAt) return unlessOver(known.session);
    try {
      let reading = this.#reading.get(token);
      if (reading === undefined) {
        reading = findConsoleSession(this.#db, digestOf(token)).finally(() => this.#reading.delete(token));
        this.#reading.set(token, reading);
      }
      const session = await reading;
      if (session === undefined) this.#known.delete(token);
      else this.#remember(token, session);
      return session;
    } catch (error) {
      if (known === undefined || now - known.readAt > KNOWN_FOR_MS) throw error;
      known.dueAt = performance.now() + RETRY_AFTER_MS;
      return unlessOver(known.session);
    }
  }

  #remember(token: string, session: ConsoleSession): void {
    const principal = this.#known.get(token)?.principal;
    const readAt = performance.now();
    this.#known.delete(token);
    this.#known.set(token, { session, readAt, dueAt: readAt + READ_EVERY_MS, principal });
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST_KNOWN && oldest !== undefined) this.#known.delete(oldest);
  }
}

function unlessOver(session: ConsoleSession): ConsoleSession | undefined {
  return session.endsAt.getTime() > Date.now() ? session : undefined;
}

/** Shows that the key is the one that was signed in with, to whoever has the token. */
function proofOf(token: string, keyDigest: Buffer): Buffer {
  return createHmac('sha256', token).update(keyDigest).digest();
}

/** 128 bits that only services of this stack can write. */
function markOf(random: string, { internalSecret }: Keys): string {
  return createHmac('sha256', internalSecret)
    .update(`sign-in ${random}`)
    .digest()
    .subarray(0, 16)
    .toString('base64url');
}

function isSame(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
