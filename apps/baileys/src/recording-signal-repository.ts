import {
  type BinaryNode,
  DEFAULT_CONNECTION_CONFIG,
  type SignalKeyStoreWithTransaction,
  type UserFacingSocketConfig,
  type WAMessage,
  decodeMessageNode,
} from '@whiskeysockets/baileys';
import type { Logger } from '@prosaas/runtime';
import { type CommitTogether, commitTogether } from './auth-state.ts';
import type { Along } from './commit-along.ts';
import { errorFields } from './error-fields.ts';
import { type InboundAddress, type PhoneOf, readAddress } from './inbound-message.ts';
import type { Inbox } from './inbox.ts';
import { underAccountMutex } from './quirks/account-mutex.ts';
import { keepSessionsOfFailedTrials } from './quirks/failed-trials.ts';
import { decodeContent, unpad } from './raw-inbound.ts';

type MakeSignalRepository = NonNullable<UserFacingSocketConfig['makeSignalRepository']>;

export interface RecordingOptions {
  creds: { me?: { id: string; lid?: string } };
  inbox: Pick<Inbox, 'along' | 'holdPlace'>;
  /** Commits by itself, however long that takes; rejects when the connection is over. */
  commit: (along: Along) => Promise<void>;
  /** Aborts when the connection is over. */
  signal: AbortSignal;
  log: Logger;
  onError: () => void;
  /** Tests leave the faults of the client as they are, to see that they are there. */
  withFaults: boolean;
}

/** The client's text for a message whose keys were used: it is stored, or was not for us. */
const USED_UP = 'Key used already or never filled';

/**
 * Stores an inbound message in the transaction that moves the ratchet on.
 *
 * The client (7.0.0-rc14, `handleMessage`) decrypts, acknowledges to WhatsApp, and only then hands the message over,
 * through a buffer that a closing socket empties: what it lost there WhatsApp never sends again. So the message is taken
 * where it is decrypted. Before the commit nothing is acknowledged, and a redelivery decrypts as if it were the first;
 * after it, a redelivery is refused as used up, which the client acknowledges.
 *
 * `decryptMessage` knows neither id nor sender: the stanza is found again by its ciphertext, the same object in both.
 */
export class RecordingSignalRepository {
  readonly #stanzas = new WeakMap<Uint8Array, { stanza: BinaryNode; arrivedAt: number }>();
  readonly #options: RecordingOptions;
  #phoneOf: PhoneOf = () => Promise.resolve(null);

  constructor(options: RecordingOptions) {
    this.#options = options;
  }

  /** To be told of every stanza before the client's own handlers are. */
  readonly onFrame = (frame: unknown): void => {
    if (!isMessageStanza(frame)) return;
    const arrived = { stanza: frame, arrivedAt: performance.now() };
    for (const child of frame.content) {
      if (child.tag === 'enc' && child.content instanceof Uint8Array)
        this.#stanzas.set(child.content, arrived);
    }
  };

  /**
   * To be awaited before the client handles a stanza: one without content it acknowledges at once, and asks the account's own phone
   * for the content. Where this rejects, the client must not handle the stanza.
   */
  readonly beforeHandling = async (stanza: BinaryNode): Promise<void> => {
    if (!isMessageStanza(stanza)) return;
    if (stanza.content.some(({ tag }) => tag === 'enc' || tag === 'plaintext')) return;
    const type = stanza.content.find(({ tag }) => tag === 'unavailable')?.attrs['type'];
    await this.#holdPlace(stanza, type === undefined ? 'no_content' : `no_content: ${type}`);
  };

  readonly make: MakeSignalRepository = (auth, logger, phoneToLid) => {
    const { creds, withFaults } = this.#options;
    const keys = auth.keys as SignalKeyStoreWithTransaction;
    const accountKey = (): string | undefined => creds.me?.id;
    const upstream = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(auth, logger, phoneToLid);
    const inner = withFaults ? upstream : underAccountMutex({ inner: upstream, keys, accountKey });
    if (!withFaults) keepSessionsOfFailedTrials();
    this.#phoneOf = (lid) => inner.lidMapping.getPNForLID(lid);
    return {
      ...inner,
      decryptMessage: async (options) => {
        const arrived = this.#stanzas.get(options.ciphertext);
        if (!arrived) return inner.decryptMessage(options);
        const together: CommitTogether = {};
        const decrypt = async (): Promise<Uint8Array> => {
          const padded = await inner.decryptMessage(options);
          together.along = await this.#along(arrived, padded);
          return padded;
        };
        // The inner transaction joins this one, whose key is the one under which the client sends: by itself it would read
        // and write a contact's ratchet under two keys at once, and the write that came first would be lost.
        try {
          return await commitTogether.run(together, () =>
            keys.transaction(decrypt, accountKey() ?? options.jid),
          );
        } catch (error) {
          // The client asks the sender's phone to send it again, and acknowledges this one.
          if (!(error instanceof Error && error.message === USED_UP)) {
            // A failure of this would not stop the acknowledgement: the client treats every error here as one of decryption.
            await this.#holdPlace(arrived.stanza, 'undecryptable').catch(() => {});
          }
          throw error;
        }
      },
    };
  };

  async #along(
    { stanza, arrivedAt }: { stanza: BinaryNode; arrivedAt: number },
    padded: Uint8Array,
  ): Promise<Along | undefined> {
    const { inbox } = this.#options;
    const message = this.#envelopeOf(stanza);
    let content: Uint8Array;
    try {
      content = unpad(padded);
      message.message = decodeContent(content);
    } catch {
      // The client can't read these bytes either: it asks the sender's phone to send the message again.
      const address = await this.#addressOfPlace(message);
      return address && { store: (tx) => inbox.holdPlace(tx, address, 'unreadable_content') };
    }
    return inbox.along(message, this.#phoneOf, { content, arrivedAt });
  }

  async #holdPlace(stanza: BinaryNode, reason: string): Promise<void> {
    const { inbox, commit, signal, log, onError } = this.#options;
    let message: WAMessage;
    try {
      message = this.#envelopeOf(stanza);
    } catch {
      return;
    }
    try {
      const address = await this.#addressOfPlace(message);
      if (address) await commit({ store: (tx) => inbox.holdPlace(tx, address, reason) });
    } catch (error) {
      const line = { ...errorFields(error), message_id: message.key.id };
      if (signal.aborted) {
        // Nothing is acknowledged any more, and WhatsApp delivers the message again.
        log.debug(line, 'the connection ended before a message without content was recorded');
      } else {
        onError();
        log.error(line, 'a message without content could not be recorded');
      }
      throw error;
    }
  }

  /** Undefined for what no place is held for: nobody waits for an answer to what the account's own phone wrote. */
  async #addressOfPlace(message: WAMessage): Promise<InboundAddress | undefined> {
    const { me } = this.#options.creds;
    const address = await readAddress(message, { me, phoneOf: this.#phoneOf });
    return address?.origin === 'customer' ? address : undefined;
  }

  /** @throws for a stanza that is not a message of anyone's, as the client does */
  #envelopeOf(stanza: BinaryNode): WAMessage {
    const { me } = this.#options.creds;
    return decodeMessageNode(stanza, me?.id ?? '', me?.lid ?? '').fullMessage;
  }
}

function isMessageStanza(frame: unknown): frame is BinaryNode & { content: BinaryNode[] } {
  if (typeof frame !== 'object' || frame === null || !('tag' in frame)) return false;
  return frame.tag === 'message' && Array.isArray((frame as BinaryNode).content);
}
