import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Database,
  type KeyWrite,
  type Queryable,
  TOKEN_INDEX,
  claimAuthState,
  readAuthKeys,
  saveCredentials,
  writeAuthKeys,
} from '@prosaas/database';
import type { Logger } from '@prosaas/runtime';
import {
  type AuthenticationCreds,
  type SignalDataSet,
  type SignalDataTypeMap,
  type SignalKeyStore,
  initAuthCreds,
} from '@whiskeysockets/baileys';
import { LRUCache } from 'lru-cache';
import { CorruptAuthState, decodeCredentials, decodeKey, encodeAuth } from './auth-codec.ts';
import { type Along, commitAlong } from './commit-along.ts';
import { Patience, mayPass } from './patience.ts';

/** Characters of JSON in one session's key cache: the keys of several hundred contacts who write at the same time. */
const CACHE_CHARACTERS = 2_000_000;
/** Cached for a key that does not exist. Only this process writes the session's keys, so the entry stays right until it writes one. */
const ABSENT = '';

/** Work that is to be committed with the next write of keys in this async context, or not at all. */
export interface CommitTogether {
  /** Absent until the message is decrypted. */
  along?: Along | undefined;
}
export const commitTogether: AsyncLocalStorage<CommitTogether> = new AsyncLocalStorage();

export interface AuthStateOptions {
  db: Database;
  sessionId: string;
  /** The token of this owner's lease. */
  fence: bigint;
  /** Aborts when the session is let go. */
  signal: AbortSignal;
  log: Logger;
  /** The state can't be written (another owner) or read (damaged): the session has to end. */
  onFatal: (error: unknown) => void;
}

/**
 * The saved identity of one session: credentials and signal keys, in PostgreSQL.
 *
 * Every write carries the fence of the lease, so that an owner who lost the session can't write. What was read or
 * written is cached as text, within bounds: the client changes the objects that it is handed.
 */
export class AuthState {
  readonly creds: AuthenticationCreds;
  readonly #options: AuthStateOptions;
  readonly #cache = new LRUCache<string, string>({
    maxSize: CACHE_CHARACTERS,
    sizeCalculation: (text, key) => text.length + key.length,
  });
  readonly #saving: Patience;
  #fence: bigint;
  #dirty = false;
  #saver: Promise<void> | undefined;

  /** @throws StaleOwner, CorruptAuthState, or that the database is away */
  static async open(options: AuthStateOptions & { paired: boolean }): Promise<AuthState> {
    const { db, sessionId, fence, paired } = options;
    const claimed = await db.transaction((tx) => claimAuthState(tx, sessionId, fence));
    if (claimed.credentials !== null) return new AuthState(options, decodeCredentials(claimed.credentials));
    if (paired || claimed.hasKeys) throw new CorruptAuthState('the credentials are missing');
    return new AuthState(options, initAuthCreds());
  }

  private constructor(options: AuthStateOptions, creds: AuthenticationCreds) {
    this.#options = options;
    this.#fence = options.fence;
    this.creds = creds;
    this.#saving = new Patience({ signal: options.signal, limitMs: 60_000, onExhausted: () => {} });
  }

  /** With the token of a new lease. False: another owner wrote in between, what is cached here is out of date. */
  async reclaim(fence: bigint): Promise<boolean> {
    const { db, sessionId } = this.#options;
    const { previousFence } = await db.transaction((tx) => claimAuthState(tx, sessionId, fence));
    const unchanged = previousFence === this.#fence;
    this.#fence = fence;
    return unchanged;
  }

  /** Saves the credentials as they are now; several calls during one save make one more. */
  save(): void {
    this.#dirty = true;
    this.#saver ??= this.#saveAll().finally(() => {
      this.#saver = undefined;
    });
  }

  /** Resolves when the credentials are saved, or can't be. */
  async saved(): Promise<void> {
    await this.#saver;
  }

  async #saveAll(): Promise<void> {
    const { db, sessionId, onFatal, signal } = this.#options;
    try {
      while (this.#dirty) {
        this.#dirty = false;
        const text = encodeAuth(this.creds);
        // oxlint-disable-next-line no-await-in-loop -- the last state wins
        await this.#saving.run(() => saveCredentials(db, sessionId, this.#fence, text));
      }
    } catch (error) {
      if (!signal.aborted) onFatal(error);
    }
  }

  /** Writes a key in the caller's transaction, which is rolled back: fails where keys can't be written. */
  async tryToWrite(tx: Queryable): Promise<void> {
    await writeAuthKeys(tx, this.#options.sessionId, this.#fence, [
      { type: 'probe', id: 'probe', value: '1' },
    ]);
  }

  /** The keys for one connection: with its end, `patience` lets go of everything that waits. */
  keysFor(patience: Patience): SignalKeyStore {
    return {
      get: (type, ids) => this.#guarded(() => this.#get(patience, type, ids)),
      set: (data) => this.#guarded(() => this.#set(patience, data)),
    };
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      // The client swallows some errors of its store and would go on as with a new contact.
      if (!mayPass(error)) this.#options.onFatal(error);
      throw error;
    }
  }

  async #get<T extends keyof SignalDataTypeMap>(
    patience: Patience,
    type: T,
    ids: string[],
  ): Promise<Record<string, SignalDataTypeMap[T]>> {
    const { db, sessionId } = this.#options;
    const texts = new Map<string, string>();
    const missing: string[] = [];
    for (const id of ids) {
      const text = this.#cache.get(cacheKey(type, id));
      if (text === undefined) missing.push(id);
      else if (text !== ABSENT) texts.set(id, text);
    }
    if (missing.length > 0) {
      for (const { id, value } of await patience.run(() => readAuthKeys(db, sessionId, type, missing))) {
        texts.set(id, value);
        this.#remember(type, id, value);
      }
      for (const id of missing) {
        const key = cacheKey(type, id);
        // It may have been written meanwhile.
        if (!texts.has(id) && !this.#cache.has(key)) this.#remember(type, id, ABSENT);
      }
    }
    return Object.fromEntries([...texts].map(([id, text]) => [id, decodeKey(type, text)]));
  }

  async #set(patience: Patience, data: SignalDataSet): Promise<void> {
    const { db, sessionId } = this.#options;
    const writes = keyWrites(data);
    if (writes.length === 0) return;
    const together = commitTogether.getStore();
    const write = (q: Queryable): Promise<void> => writeAuthKeys(q, sessionId, this.#fence, writes);
    const committed = await patience.run(async () => {
      if (together?.along) return commitAlong(db, together.along, write);
      await write(db);
      return undefined;
    });
    for (const { type, id, value } of writes) this.#remember(type, id, value ?? ABSENT);
    // Whatever else this context writes later goes without it.
    if (together) together.along = undefined;
    committed?.();
  }

  #remember(type: string, id: string, text: string): void {
    // Read anew each time: the client adds to it, and would write a contact back that was erased meanwhile.
    if (type === TOKEN_INDEX.type && id === TOKEN_INDEX.id) return;
    this.#cache.set(cacheKey(type, id), text);
  }
}

const cacheKey = (type: string, id: string): string => `${type}/${id}`;

function keyWrites(data: SignalDataSet): KeyWrite[] {
  return Object.entries(data).flatMap(([type, entries]) =>
    Object.entries(entries ?? {}).map(([id, value]) => ({
      type,
      id,
      value: value === null || value === undefined ? null : encodeAuth(value),
    })),
  );
}
