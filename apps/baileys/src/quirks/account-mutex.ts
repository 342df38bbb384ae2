import type { SignalKeyStoreWithTransaction, UserFacingSocketConfig } from '@whiskeysockets/baileys';

type SignalRepository = ReturnType<NonNullable<UserFacingSocketConfig['makeSignalRepository']>>;

export interface AccountMutexOptions {
  inner: SignalRepository;
  /** The key store that the client uses. Its `set` is replaced. */
  keys: SignalKeyStoreWithTransaction;
  /** The transaction key under which the client sends; undefined before the pairing. */
  accountKey: () => string | undefined;
}

/**
 * Makes all changes of a session run under the mutex under which the client sends.
 *
 * Baileys 7.0.0-rc14 changes a session in transactions with different keys. It sends under the account (`relayMessage`). It
 * decrypts and starts sessions under the contact (`decryptMessage`, `injectE2ESession`). It moves sessions to the contact's LID
 * under a third key (`migrateSession`), and it deletes a session without a transaction when a recipient asks for a message
 * again. A transaction writes at its end what it read at its beginning. So when a session is replaced during a send, the
 * send puts the old session back.
 * https://github.com/WhiskeySockets/Baileys/blob/master/src/Signal/libsignal.ts
 *
 * `deleteSession` is not changed: the client calls it while it holds the mutex of its device lists, for which a send waits.
 */
export function underAccountMutex({ inner, keys, accountKey }: AccountMutexOptions): SignalRepository {
  // Work inside a transaction joins that transaction.
  const inTransaction = <T>(contact: string, work: () => Promise<T>): Promise<T> =>
    keys.transaction(work, accountKey() ?? contact);
  const write = keys.set.bind(keys);
  keys.set = (data) => {
    const [contact] = Object.keys(data.session ?? {});
    if (contact === undefined || keys.isInTransaction()) return write(data);
    return inTransaction(contact, async () => {
      await write(data);
    });
  };
  return {
    ...inner,
    decryptMessage: (options) => inTransaction(options.jid, () => inner.decryptMessage(options)),
    injectE2ESession: (options) => inTransaction(options.jid, () => inner.injectE2ESession(options)),
    migrateSession: (from, to) => inTransaction(from, () => inner.migrateSession(from, to)),
  };
}
