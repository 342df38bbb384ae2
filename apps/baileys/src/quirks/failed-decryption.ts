import * as libsignal from 'libsignal';

/** Parts of libsignal that its types leave out. */
interface SessionEntry {
  serialize(): object;
  constructor: { deserialize(data: object): SessionEntry };
}
interface Cipher {
  doDecryptWhisperMessage(message: Uint8Array, session: SessionEntry | undefined): Promise<Uint8Array>;
}

let isPatched = false;

/**
 * Restores a session after a message could not be decrypted with it. Patches the whole process, because the client
 * constructs its ciphers itself.
 *
 * libsignal 6.0.0 (`decryptWithSessions`) tries a contact's sessions one after the other, and advances a session's ratchet
 * before it authenticates the message. When a later one of the sessions fits, `storeRecord` saves the wrongly advanced one,
 * too. Neither side can then read messages of that session any more. A text that is in flight when a new session begins is
 * enough to cause this.
 * https://github.com/WhiskeySockets/libsignal-node/blob/master/src/session_cipher.js
 * Others see it as "Bad MAC": https://github.com/WhiskeySockets/Baileys/issues/2079
 */
export function restoreSessionsAfterFailedDecryption(): void {
  if (isPatched) return;
  isPatched = true;
  const cipher = libsignal.SessionCipher.prototype as unknown as Cipher;
  const decrypt = cipher.doDecryptWhisperMessage;
  cipher.doDecryptWhisperMessage = async function doDecryptWhisperMessage(message, session) {
    const before = session?.serialize();
    try {
      return await decrypt.call(this, message, session);
    } catch (error) {
      if (session && before) Object.assign(session, session.constructor.deserialize(before));
      throw error;
    }
  };
}
