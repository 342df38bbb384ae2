import * as libsignal from 'libsignal';

/** What libsignal has and its types do not tell. */
interface SessionEntry {
  serialize(): object;
  constructor: { deserialize(data: object): SessionEntry };
}
interface Cipher {
  doDecryptWhisperMessage(message: Uint8Array, session: SessionEntry | undefined): Promise<Uint8Array>;
}

let isRepaired = false;

/**
 * Makes a session that a message does not belong to stay as it was. For the whole process, because the client constructs its
 * ciphers itself.
 *
 * libsignal 6.0.0 tries a contact's sessions, the one used last first, and moves a session's ratchet before the message is
 * authenticated. When an older session fits then, `storeRecord` saves the moved one too, and nothing that the contact encrypts
 * under it can be read any more, nor can the contact read what we send. A text that was in flight when a new session began is
 * enough: https://github.com/WhiskeySockets/libsignal-node/blob/master/src/session_cipher.js (`decryptWithSessions`), seen
 * by others as "Bad MAC": https://github.com/WhiskeySockets/Baileys/issues/2079.
 */
export function keepSessionsOfFailedTrials(): void {
  if (isRepaired) return;
  isRepaired = true;
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
