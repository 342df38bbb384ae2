import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import {
  type ConsoleSession,
  type Database,
  createConsoleSession,
  deleteConsoleSession,
  findConsoleSession,
  touchConsoleSession,
} from '@prosaas/database';
import { type KeyRing, type Principal, digestOf, principalByDigest, principalsOf } from '@prosaas/http';

/** How soon a sign-out in another replica counts here. */
const READ_EVERY_MS = 2000;
/** While the database is away, nobody can take a sign-in back either: those that are known go on, so that its outage can be seen. */
const KNOWN_FOR_MS = 3_600_000;
const MOST_KNOWN = 1000;

interface Known {
  session: ConsoleSession;
  readAt: number;
  principal?: Principal | undefined;
}

/** Who is signed in to the console: by the token of a cookie, for as long as the key counts that was signed in with. */
export class SignIns {
  #db: Database;
  #keyRing: KeyRing;
  #known = new Map<string, Known>();

  constructor({ db, keyRing }: { db: Database; keyRing: KeyRing }) {
    this.#db = db;
    this.#keyRing = keyRing;
  }

  /** Undefined where the key opens nothing that the console shows. */
  async signIn(key: string, address: string): Promise<{ token: string; principal: Principal } | undefined> {
    const keys = this.#keyRing.current();
    if (keys === undefined) return undefined;
    const [principal] = principalsOf(keys, { apiKey: key, bearer: key }, this.#keyRing.people());
    if (principal === undefined) return undefined;
    const token = randomBytes(32).toString('base64url');
    await createConsoleSession(this.#db, {
      tokenHash: digestOf(token),
      keyProof: proofOf(token, digestOf(key)),
      role: principal.role,
      businessId: principal.businessId ?? null,
      personId: principal.person?.id ?? null,
      address,
    });
    return { token, principal };
  }

  /** Undefined where nobody signed in with it, it ended, or the key does not count any more. */
  async find(token: string): Promise<Principal | undefined> {
    const session = await this.#read(token);
    const keys = this.#keyRing.current();
    if (session === undefined || keys === undefined) return undefined;
    const { personKeyHash, keyProof, personId } = session;
    if (personId !== null && personKeyHash === null) return undefined;
    const people = this.#keyRing.people();
    const known = this.#known.get(token);
    // The database is away: she is who she was.
    if (personId !== null && people === undefined) return known?.principal;
    const principal = principalByDigest(keys, people, {
      personKeyHash,
      matches: (digest) => timingSafeEqual(proofOf(token, digest), keyProof),
    });
    if (known !== undefined) known.principal = principal;
    return principal;
  }

  async signOut(token: string, { everywhere }: { everywhere: boolean }): Promise<void> {
    await deleteConsoleSession(this.#db, digestOf(token), { everywhere });
    if (everywhere) this.#known.clear();
    else this.#known.delete(token);
  }

  async #read(token: string): Promise<ConsoleSession | undefined> {
    const known = this.#known.get(token);
    const age = known === undefined ? Infinity : performance.now() - known.readAt;
    if (known !== undefined && age < READ_EVERY_MS) return unlessOver(known.session);
    try {
      const tokenHash = digestOf(token);
      const session = await findConsoleSession(this.#db, tokenHash);
      if (session === undefined) this.#known.delete(token);
      else {
        this.#remember(token, session);
        // Not waited for: nobody is turned away because this could not be written.
        touchConsoleSession(this.#db, tokenHash).catch(() => {});
      }
      return session;
    } catch (error) {
      if (known !== undefined && age < KNOWN_FOR_MS) return unlessOver(known.session);
      throw error;
    }
  }

  #remember(token: string, session: ConsoleSession): void {
    const principal = this.#known.get(token)?.principal;
    this.#known.delete(token);
    this.#known.set(token, { session, readAt: performance.now(), principal });
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
