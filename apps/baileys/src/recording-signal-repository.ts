import {
  type BinaryNode,
  DEFAULT_CONNECTION_CONFIG,
  type SignalKeyStoreWithTransaction,
  type UserFacingSocketConfig,
  decodeMessageNode,
} from '@whiskeysockets/baileys';
import type { Logger } from '@prosaas/runtime';
import { type CommitTogether, commitTogether } from './auth-state.ts';
import { underAccountMutex } from './quirks/account-mutex.ts';
import { keepSessionsOfFailedTrials } from './quirks/failed-trials.ts';
import { type InboundMessage, decodePlaintext, readInbound } from './inbound-message.ts';

type MakeSignalRepository = NonNullable<UserFacingSocketConfig['makeSignalRepository']>;

export interface RecordingOptions {
  creds: { me?: { id: string; lid?: string } };
  /** Writes the message down in the transaction that commits the keys. */
  record: (message: InboundMessage) => NonNullable<CommitTogether['along']>;
  log: Logger;
  /** Tests leave the faults of the client as they are, to see that they are there. */
  withFaults: boolean;
}

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
  readonly #stanzas = new WeakMap<Uint8Array, BinaryNode>();
  readonly #options: RecordingOptions;

  constructor(options: RecordingOptions) {
    this.#options = options;
  }

  /** To be told of every stanza before the client's own handlers are. */
  readonly onFrame = (frame: unknown): void => {
    if (!isMessageStanza(frame)) return;
    for (const child of frame.content) {
      if (child.tag === 'enc' && child.content instanceof Uint8Array) this.#stanzas.set(child.content, frame);
    }
  };

  readonly make: MakeSignalRepository = (auth, logger, phoneToLid) => {
    const { creds, withFaults } = this.#options;
    const keys = auth.keys as SignalKeyStoreWithTransaction;
    const accountKey = (): string | undefined => creds.me?.id;
    const upstream = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(auth, logger, phoneToLid);
    const inner = withFaults ? upstream : underAccountMutex({ inner: upstream, keys, accountKey });
    if (!withFaults) keepSessionsOfFailedTrials();
    const phoneOf = (lid: string): Promise<string | null> => inner.lidMapping.getPNForLID(lid);
    return {
      ...inner,
      decryptMessage: (options) => {
        const stanza = this.#stanzas.get(options.ciphertext);
        if (!stanza) return inner.decryptMessage(options);
        const together: CommitTogether = { log: this.#options.log };
        const decrypt = async (): Promise<Uint8Array> => {
          const padded = await inner.decryptMessage(options);
          together.along = await this.#along(stanza, padded, phoneOf);
          return padded;
        };
        // The inner transaction joins this one, whose key is the one under which the client sends: by itself it would read
        // and write a contact's ratchet under two keys at once, and the write that came first would be lost.
        return commitTogether.run(together, () => keys.transaction(decrypt, accountKey() ?? options.jid));
      },
    };
  };

  async #along(
    stanza: BinaryNode,
    padded: Uint8Array,
    phoneOf: (lid: string) => Promise<string | null>,
  ): Promise<CommitTogether['along']> {
    const { creds, record, log } = this.#options;
    try {
      const { fullMessage } = decodeMessageNode(stanza, creds.me?.id ?? '', creds.me?.lid ?? '');
      const message = await readInbound(
        { ...fullMessage, message: decodePlaintext(padded) ?? null },
        phoneOf,
      );
      return message && record(message);
    } catch (error) {
      // The client judges the same bytes right after; what it can read it hands over, and is stored then.
      log.warn({ err: error }, 'a decrypted message could not be read');
      return undefined;
    }
  }
}

function isMessageStanza(frame: unknown): frame is BinaryNode & { content: BinaryNode[] } {
  if (typeof frame !== 'object' || frame === null || !('tag' in frame)) return false;
  return frame.tag === 'message' && Array.isArray((frame as BinaryNode).content);
}
