import {
  type BinaryNode,
  DEFAULT_CONNECTION_CONFIG,
  MISSING_KEYS_ERROR_TEXT,
  type SignalKeyStoreWithTransaction,
  type UserFacingSocketConfig,
  type WAMessage,
  decodeMessageNode,
} from '@whiskeysockets/baileys';
import type { Logger } from '@prosaas/runtime';
import { type KeyWriteScope, keyWriteScope } from './auth-state.ts';
import type { InboundWrite } from './inbound-write.ts';
import { errorFields } from './error-fields.ts';
import { type InboundAddress, type PhoneOf, readAddress } from './inbound-message.ts';
import type { Inbox } from './inbox.ts';
import { underAccountMutex } from './quirks/account-mutex.ts';
import { restoreSessionsAfterFailedDecryption } from './quirks/failed-decryption.ts';
import { decodeContent, unpad } from './raw-inbound.ts';

type MakeSignalRepository = NonNullable<UserFacingSocketConfig['makeSignalRepository']>;

export interface RecordingOptions {
  creds: { me?: { id: string; lid?: string } };
  inbox: Pick<Inbox, 'prepareWrite' | 'writePending'>;
  /** Commits in a transaction of its own, with retries. Rejects when the connection has closed. */
  commit: (write: InboundWrite) => Promise<void>;
  /** Aborts when the connection has closed. */
  signal: AbortSignal;
  log: Logger;
  onError: () => void;
  /** Runs the client without the fixes in `quirks/`: see `ClientOverrides`. */
  withFaults: boolean;
}

/**
 * Stores an inbound message in the transaction that advances the ratchet.
 *
 * The client (7.0.0-rc14, `handleMessage`) decrypts a message, acknowledges it to WhatsApp, and only then emits it, through
 * a buffer that is dropped when the socket closes. WhatsApp never delivers such a message again. So the message is stored
 * where it is decrypted. Before the commit nothing is acknowledged, and a redelivery is decrypted like the first delivery.
 * After the commit, decrypting a redelivery fails because its keys are used, and the client acknowledges it.
 * https://github.com/WhiskeySockets/Baileys/blob/master/src/Socket/messages-recv.ts
 *
 * `decryptMessage` gets neither id nor sender. The stanza is found by its ciphertext, which is the same object in both.
 */
export class RecordingSignalRepository {
  readonly #stanzas = new WeakMap<Uint8Array, { stanza: BinaryNode; arrivedAt: number }>();
  readonly #options: RecordingOptions;
  #phoneOf: PhoneOf = () => Promise.resolve(null);

  constructor(options: RecordingOptions) {
    this.#options = options;
  }

  /** Has to get every frame before the client does. */
  readonly onFrame = (frame: unknown): void => {
    if (!isMessageStanza(frame)) return;
    const arrived = { stanza: frame, arrivedAt: performance.now() };
    for (const child of frame.content) {
      if (child.tag === 'enc' && child.content instanceof Uint8Array)
        this.#stanzas.set(child.content, arrived);
    }
  };

  /**
   * Has to be awaited before the client handles a stanza. The client acknowledges a stanza without content at once, and
   * asks the account's own phone for the content. When this rejects, the client must not handle the stanza.
   */
  readonly beforeHandling = async (stanza: BinaryNode): Promise<void> => {
    if (!isMessageStanza(stanza)) return;
    if (stanza.content.some(({ tag }) => tag === 'enc' || tag === 'plaintext')) return;
    const type = stanza.content.find(({ tag }) => tag === 'unavailable')?.attrs['type'];
    await this.#recordPending(stanza, type === undefined ? 'no_content' : `no_content: ${type}`);
  };

  readonly make: MakeSignalRepository = (auth, logger, phoneToLid) => {
    const { creds, withFaults } = this.#options;
    const keys = auth.keys as SignalKeyStoreWithTransaction;
    const accountKey = (): string | undefined => creds.me?.id;
    const upstream = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(auth, logger, phoneToLid);
    const inner = withFaults ? upstream : underAccountMutex({ inner: upstream, keys, accountKey });
    if (!withFaults) restoreSessionsAfterFailedDecryption();
    this.#phoneOf = (lid) => inner.lidMapping.getPNForLID(lid);
    return {
      ...inner,
      decryptMessage: async (options) => {
        const arrived = this.#stanzas.get(options.ciphertext);
        if (!arrived) return inner.decryptMessage(options);
        const scope: KeyWriteScope = {};
        const decrypt = async (): Promise<Uint8Array> => {
          const padded = await inner.decryptMessage(options);
          scope.inbound = await this.#prepareWrite(arrived, padded);
          return padded;
        };
        // The inner transaction joins this one, which has the key under which the client sends. With two keys, a send and a
        // decryption could change a contact's ratchet at the same time, and one of the writes would be lost.
        try {
          return await keyWriteScope.run(scope, () => keys.transaction(decrypt, accountKey() ?? options.jid));
        } catch (error) {
          // The client asks the sender's phone for the message again, and acknowledges this copy. Where the keys were used
          // already, the message is stored, or was not for us.
          if (!(error instanceof Error && error.message === MISSING_KEYS_ERROR_TEXT)) {
            // Rejecting would not stop the acknowledgement: the client treats every error here as a failed decryption.
            await this.#recordPending(arrived.stanza, 'undecryptable').catch(() => {});
          }
          throw error;
        }
      },
    };
  };

  async #prepareWrite(
    { stanza, arrivedAt }: { stanza: BinaryNode; arrivedAt: number },
    padded: Uint8Array,
  ): Promise<InboundWrite | undefined> {
    const { inbox } = this.#options;
    const message = this.#envelopeOf(stanza);
    let content: Uint8Array;
    try {
      content = unpad(padded);
      message.message = decodeContent(content);
    } catch {
      // The client can't read these bytes either, and asks the sender's phone for the message again.
      const address = await this.#pendingAddress(message);
      return address && { store: (tx) => inbox.writePending(tx, address, 'unreadable_content') };
    }
    return inbox.prepareWrite(message, this.#phoneOf, { content, arrivedAt });
  }

  async #recordPending(stanza: BinaryNode, reason: string): Promise<void> {
    const { inbox, commit, signal, log, onError } = this.#options;
    let message: WAMessage;
    try {
      message = this.#envelopeOf(stanza);
    } catch {
      return;
    }
    try {
      const address = await this.#pendingAddress(message);
      if (address) await commit({ store: (tx) => inbox.writePending(tx, address, reason) });
    } catch (error) {
      const line = { ...errorFields(error), message_id: message.key.id };
      if (signal.aborted) {
        // A closed connection acknowledges nothing: WhatsApp delivers the message again.
        log.debug(line, 'the connection ended before a message without content was recorded');
      } else {
        onError();
        log.error(line, 'a message without content could not be recorded');
      }
      throw error;
    }
  }

  /** Undefined unless a customer wrote the message: nobody waits for an answer to what the account's own phone sent. */
  async #pendingAddress(message: WAMessage): Promise<InboundAddress | undefined> {
    const { me } = this.#options.creds;
    const address = await readAddress(message, { me, phoneOf: this.#phoneOf });
    return address?.origin === 'customer' ? address : undefined;
  }

  /** @throws for a stanza whose sender is invalid, as the client does */
  #envelopeOf(stanza: BinaryNode): WAMessage {
    const { me } = this.#options.creds;
    return decodeMessageNode(stanza, me?.id ?? '', me?.lid ?? '').fullMessage;
  }
}

function isMessageStanza(frame: unknown): frame is BinaryNode & { content: BinaryNode[] } {
  if (typeof frame !== 'object' || frame === null || !('tag' in frame)) return false;
  return frame.tag === 'message' && Array.isArray((frame as BinaryNode).content);
}
