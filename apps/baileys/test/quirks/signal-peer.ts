import { Curve, generateSignalPubKey, signedKeyPair } from '@whiskeysockets/baileys';
import * as libsignal from 'libsignal';

interface Ciphertext {
  /** 3: a first message of a session; 1: any other. */
  type: number;
  bytes: Buffer;
}

/** One end of libsignal sessions, as the unmodified library keeps them. */
export class Peer {
  readonly #name: string;
  readonly #identity = Curve.generateKeyPair();
  readonly #signedPreKey = signedKeyPair(this.#identity, 1);
  readonly #sessions = new Map<string, unknown>();

  constructor(name: string) {
    this.#name = name;
  }

  async startSession(peer: Peer): Promise<void> {
    const { keyPair, keyId, signature } = peer.#signedPreKey;
    const device = {
      registrationId: 1,
      identityKey: generateSignalPubKey(peer.#identity.public),
      signedPreKey: { keyId, publicKey: generateSignalPubKey(keyPair.public), signature },
    };
    // One-time prekeys are optional, which libsignal's types do not know.
    type Device = Parameters<libsignal.SessionBuilder['initOutgoing']>[0];
    await new libsignal.SessionBuilder(this.#storage(), this.#addressOf(peer)).initOutgoing(device as Device);
  }

  async write(peer: Peer, text: string): Promise<Ciphertext> {
    const cipher = new libsignal.SessionCipher(this.#storage(), this.#addressOf(peer));
    const { type, body } = await cipher.encrypt(Buffer.from(text));
    return { type, bytes: Buffer.from(body, 'binary') };
  }

  async read(peer: Peer, { type, bytes }: Ciphertext): Promise<string> {
    const cipher = new libsignal.SessionCipher(this.#storage(), this.#addressOf(peer));
    const plain = await (type === 3
      ? cipher.decryptPreKeyWhisperMessage(bytes)
      : cipher.decryptWhisperMessage(bytes));
    return plain.toString();
  }

  /** libsignal queues its work by address for the whole process. */
  #addressOf(peer: Peer): libsignal.ProtocolAddress {
    return new libsignal.ProtocolAddress(`${this.#name}-${peer.#name}`, 0);
  }

  #storage(): libsignal.SignalStorage {
    const pair = ({ public: pub, private: priv }: { public: Uint8Array; private: Uint8Array }) => ({
      pubKey: Buffer.from(generateSignalPubKey(pub)),
      privKey: Buffer.from(priv),
    });
    return {
      loadSession: async (id) => {
        const stored = this.#sessions.get(id);
        return stored ? libsignal.SessionRecord.deserialize(stored as Uint8Array) : null;
      },
      storeSession: async (id, session) => void this.#sessions.set(id, session.serialize()),
      isTrustedIdentity: () => true,
      loadPreKey: async () => undefined,
      removePreKey: () => {},
      loadSignedPreKey: () => pair(this.#signedPreKey.keyPair),
      getOurRegistrationId: () => 1,
      getOurIdentity: () => pair(this.#identity),
    };
  }
}
