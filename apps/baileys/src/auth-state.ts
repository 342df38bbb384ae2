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
import { type InboundWrite, commitInbound } from './inbound-write.ts';
import { DatabaseRetrier, isRetryable } from './database-retrier.ts';

/** Characters of JSON in one session's key cache: the keys of several hundred contacts who write at the same time. */
const CACHE_CHARACTERS = 2_000_000;
/** Cached for a key that does not exist. Only this process writes the session's keys, so the entry holds until it writes one. */
const ABSENT = '';

/** The inbound message that the next write of keys in this async context stores in the same transaction. */
export interface KeyWriteScope {
  /** Absent until the message is decrypted. */
  inbound?: InboundWrite | undefined;
}
export const keyWriteScope: AsyncLocalStorage<KeyWriteScope> = new AsyncLocalStorage();

export interface AuthStateOptions {
  db: Database;
  sessionId: string;
  /** The token of this owner's lease. */
  fence: bigint;
  /** Aborts when the session ends. */
  signal: AbortSignal;
  log: Logger;
  /** Called when the state can't be written (another replica owns it) or read (it is damaged): the session has to end. */
  onFatal: (error: unknown) => void;
}

/**
 * The saved identity of one session: credentials and signal keys, in PostgreSQL.
 *
 * Every write carries the fence of the lease, so that a replica that lost the session can't write. Keys are cached as
 * text, within bounds, because the client changes the objects that it gets.
 */
export class AuthState {
  readonly creds: AuthenticationCreds;
  readonly #options: AuthStateOptions;
  readonly #cache = new LRUCache<string, string>({
    maxSize: CACHE_CHARACTERS,
    sizeCalculation: (text, key) => text.length + key.length,
  });
  readonly #saveRetrier: DatabaseRetrier;
  #fence: bigint;
  #dirty = false;
  #saver: Promise<void> | undefined;

  /** @throws StaleOwner, CorruptAuthState, or a database error */
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
    this.#saveRetrier = new DatabaseRetrier({ signal: options.signal });
  }

  /** Takes the fence of a new lease. False: another owner wrote in between, so that the cache is out of date. */
  async reclaim(fence: bigint): Promise<boolean> {
    const { db, sessionId } = this.#options;
    const { previousFence } = await db.transaction((tx) => claimAuthState(tx, sessionId, fence));
    const unchanged = previousFence === this.#fence;
    this.#fence = fence;
    return unchanged;
  }

  /** Saves the current credentials. All calls during one save lead to one more save. */
  save(): void {
    this.#dirty = true;
    this.#saver ??= this.#saveAll().finally(() => {
      this.#saver = undefined;
    });
  }

  /** Resolves when the credentials are saved, or saving has failed. */
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
        await this.#saveRetrier.run(() => saveCredentials(db, sessionId, this.#fence, text));
      }
    } catch (error) {
      if (!signal.aborted) onFatal(error);
    }
  }

  /** Writes a key in a transaction that the caller rolls back. Rejects when keys can't be written. */
  async probeWrite(tx: Queryable): Promise<void> {
    await writeAuthKeys(tx, this.#options.sessionId, this.#fence, [
      { type: 'probe', id: 'probe', value: '1' },
    ]);
  }

  /** The key store of one connection. The end of the connection ends the retries of `retrier`. */
  keysFor(retrier: DatabaseRetrier): SignalKeyStore {
    return {
      get: (type, ids) => this.#guarded(() => this.#get(retrier, type, ids)),
      set: (data) => this.#guarded(() => this.#set(retrier, data)),
    };
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      // The client swallows some errors of its store and would go on as if the contact were new.
      if (!isRetryable(error)) this.#options.onFatal(error);
      throw error;
    }
  }

  async #get<T extends keyof SignalDataTypeMap>(
    retrier: DatabaseRetrier,
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
      for (const { id, value } of await retrier.run(() => readAuthKeys(db, sessionId, type, missing))) {
        texts.set(id, value);
        this.#remember(type, id, value);
      }
      for (const id of missing) {
        const key = cacheKey(type, id);
        // A write during the query is newer.
        if (!texts.has(id) && !this.#cache.has(key)) this.#remember(type, id, ABSENT);
      }
    }
    return Object.fromEntries([...texts].map(([id, text]) => [id, decodeKey(type, text)]));
  }

  async #set(retrier: DatabaseRetrier, data: SignalDataSet): Promise<void> {
    const { db, sessionId } = this.#options;
    const writes = keyWrites(data);
    if (writes.length === 0) return;
    const scope = keyWriteScope.getStore();
    const write = (q: Queryable): Promise<void> => writeAuthKeys(q, sessionId, this.#fence, writes);
    const afterCommit = await retrier.run(async () => {
      if (scope?.inbound) return commitInbound(db, scope.inbound, write);
      await write(db);
      return undefined;
    });
    for (const { type, id, value } of writes) this.#remember(type, id, value ?? ABSENT);
    // Later writes of this context must not store the message again.
    if (scope) scope.inbound = undefined;
    afterCommit?.();
  }

  #remember(type: string, id: string, text: string): void {
    // Never cached: the client adds to this list, and would write an erased contact back.
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
