import type { SignalKeyStoreWithTransaction, UserFacingSocketConfig } from '@whiskeysockets/baileys';

type SignalRepository = ReturnType<NonNullable<UserFacingSocketConfig['makeSignalRepository']>>;

export interface AccountMutexOptions {
  inner: SignalRepository;
  /** The key store that the client itself uses: its `set` is changed. */
  keys: SignalKeyStoreWithTransaction;
  /** The key under which the client sends; undefined before the pairing. */
  accountKey: () => string | undefined;
}

/**
 * Brings the changes of a session under the mutex under which the client sends.
 *
 * Baileys 7.0.0-rc14 changes a session in transactions with different keys. It sends under the account (`relayMessage`). It
 * decrypts and starts sessions under the contact (`decryptMessage`, `injectE2ESession`). It moves sessions to the contact's LID
 * under a third key (`migrateSession`), and it deletes a session for a repeat without a transaction. A transaction writes at
 * its end what it read at its beginning. A recipient's request for a repeat may replace a session during a send: the send then
 * puts the old session back.
 * https://github.com/WhiskeySockets/Baileys/blob/master/src/Signal/libsignal.ts
 *
 * `deleteSession` stays as it is: the client calls it while it holds the mutex of its device lists, for which a send waits.
 */
export function underAccountMutex({ inner, keys, accountKey }: AccountMutexOptions): SignalRepository {
  // Inside a transaction the work joins it.
  const alone = <T>(contact: string, work: () => Promise<T>): Promise<T> =>
    keys.transaction(work, accountKey() ?? contact);
  const write = keys.set.bind(keys);
  keys.set = (data) => {
    const [contact] = Object.keys(data.session ?? {});
    if (contact === undefined || keys.isInTransaction()) return write(data);
    return alone(contact, async () => {
      await write(data);
    });
  };
  return {
    ...inner,
    decryptMessage: (options) => alone(options.jid, () => inner.decryptMessage(options)),
    injectE2ESession: (options) => alone(options.jid, () => inner.injectE2ESession(options)),
    migrateSession: (from, to) => alone(from, () => inner.migrateSession(from, to)),
  };
}
