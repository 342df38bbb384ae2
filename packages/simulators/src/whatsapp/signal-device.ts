import { AsyncLocalStorage } from 'node:async_hooks';
import { randomInt } from 'node:crypto';

import { Curve, proto, unpadRandomMax16, writeRandomPadMax16 } from '@whiskeysockets/baileys';
import * as libsignal from 'libsignal';

import { generateKeyPair } from './curve.ts';
import type { KeyPair } from './curve.ts';

/** The keys with which a sender starts a session with a device. Keys are 32 raw bytes. */
export interface PreKeyBundle {
  registrationId: number;
  identityKey: Uint8Array;
  signedPreKey: { id: number; publicKey: Uint8Array; signature: Uint8Array };
  preKey?: { id: number; publicKey: Uint8Array } | undefined;
}

type CiphertextType = 'pkmsg' | 'msg';

export interface Ciphertext {
  type: CiphertextType;
  bytes: Buffer;
}

const KEY_TYPE = Buffer.from([5]);

/** libsignal's public keys begin with their type. */
const typed = (publicKey: Uint8Array): Buffer => Buffer.concat([KEY_TYPE, publicKey]);
const libsignalPair = (pair: KeyPair): { pubKey: Buffer; privKey: Buffer } => ({
  pubKey: typed(pair.publicKey),
  privKey: pair.privateKey,
});

/** Parts of libsignal that its types leave out. */
interface SessionEntry {
  indexInfo: { used: number };
  serialize(): object;
  constructor: { deserialize(data: object): SessionEntry };
}

/**
 * Restores a session after a message could not be decrypted with it, as a phone does. libsignal 6.0.0 advances the ratchet
 * before it authenticates the message, and saves it with the next message that it can decrypt.
 */
class PhoneCipher extends libsignal.SessionCipher {
  declare doDecryptWhisperMessage: (data: Uint8Array, session: SessionEntry) => Promise<Buffer>;

  async decryptWithSessions(
    data: Uint8Array,
    sessions: SessionEntry[],
  ): Promise<{ session: SessionEntry; plaintext: Buffer }> {
    for (const session of sessions) {
      const before = session.serialize();
      try {
        const plaintext = await this.doDecryptWhisperMessage(data, session);
        session.indexInfo.used = Date.now();
        return { session, plaintext };
      } catch {
        Object.assign(session, session.constructor.deserialize(before));
      }
    }
    throw new Error('no session fits the message');
  }
}

const insideLibsignal = new AsyncLocalStorage<true>();
let isConsolePatched = false;

/**
 * libsignal prints sessions, private keys included, to the console. Drops its output during the calls of this file; all other
 * output passes, also that of a client's libsignal in the same process.
 */
function withoutConsole<T>(work: () => Promise<T>): Promise<T> {
  if (!isConsolePatched) {
    isConsolePatched = true;
    for (const method of ['info', 'warn', 'error'] as const) {
      const original = console[method];
      console[method] = (...args: unknown[]) => {
        if (!insideLibsignal.getStore()) original.apply(console, args);
      };
    }
  }
  return insideLibsignal.run(true, work);
}

/** A device with a Signal identity of its own, its keys and sessions in memory. */
export class SignalDevice {
  readonly identity: KeyPair = generateKeyPair();
  readonly registrationId: number = randomInt(1, 16_380);
  readonly #signedPreKey: KeyPair = generateKeyPair();
  readonly #signedPreKeySignature: Uint8Array = Curve.sign(
    this.identity.privateKey,
    typed(this.#signedPreKey.publicKey),
  );
  readonly #preKeys = new Map<number, KeyPair>();
  readonly #sessions = new Map<string, unknown>();
  readonly #addressPrefix: string;
  #nextPreKeyId = 1;

  /** libsignal queues its work by address for the whole process: the name keeps devices apart. */
  constructor(name: string) {
    this.#addressPrefix = `simulated-${name}-to`;
  }

  /** A bundle with a one-time prekey that no other bundle has. */
  bundle(): PreKeyBundle {
    const id = this.#nextPreKeyId++;
    const preKey = generateKeyPair();
    this.#preKeys.set(id, preKey);
    return {
      registrationId: this.registrationId,
      identityKey: this.identity.publicKey,
      signedPreKey: {
        id: 1,
        publicKey: this.#signedPreKey.publicKey,
        signature: this.#signedPreKeySignature,
      },
      preKey: { id, publicKey: preKey.publicKey },
    };
  }

  hasSession(peer: string): boolean {
    return this.#sessions.has(this.#address(peer).toString());
  }

  /** Forgets the session with a peer, like a phone that was restored from an old backup. */
  forget(peer: string): void {
    this.#sessions.delete(this.#address(peer).toString());
  }

  /** Starts a new session with a peer. Older ones are kept for decryption. */
  startSession(peer: string, { signedPreKey, preKey, ...bundle }: PreKeyBundle): Promise<void> {
    const device = {
      registrationId: bundle.registrationId,
      identityKey: typed(bundle.identityKey),
      signedPreKey: {
        keyId: signedPreKey.id,
        publicKey: typed(signedPreKey.publicKey),
        signature: signedPreKey.signature,
      },
      ...(preKey ? { preKey: { keyId: preKey.id, publicKey: typed(preKey.publicKey) } } : {}),
    };
    const builder = new libsignal.SessionBuilder(this.#storage(), this.#address(peer));
    // A device may be out of one-time prekeys, which libsignal handles and its types do not know.
    return withoutConsole(() =>
      builder.initOutgoing(device as Parameters<libsignal.SessionBuilder['initOutgoing']>[0]),
    );
  }

  /** Encrypts a message for a peer. `fetchBundle` is called only when there is no session yet. */
  encrypt(peer: string, message: proto.IMessage, fetchBundle: () => PreKeyBundle): Promise<Ciphertext> {
    return withoutConsole(async () => {
      if (!this.hasSession(peer)) await this.startSession(peer, fetchBundle());
      const plaintext = writeRandomPadMax16(proto.Message.encode(message).finish());
      const cipher = new PhoneCipher(this.#storage(), this.#address(peer));
      const { type, body } = await cipher.encrypt(plaintext);
      return { type: type === 3 ? 'pkmsg' : 'msg', bytes: Buffer.from(body, 'binary') };
    });
  }

  /** Throws when there is no session, the message was decrypted before, or a key is wrong. */
  decrypt(peer: string, { type, bytes }: Ciphertext): Promise<proto.Message> {
    return withoutConsole(async () => {
      const cipher = new PhoneCipher(this.#storage(), this.#address(peer));
      const plaintext = await (type === 'pkmsg'
        ? cipher.decryptPreKeyWhisperMessage(bytes)
        : cipher.decryptWhisperMessage(bytes));
      return proto.Message.decode(unpadRandomMax16(plaintext));
    });
  }

  #address(peer: string): libsignal.ProtocolAddress {
    return new libsignal.ProtocolAddress(`${this.#addressPrefix}-${peer}`, 0);
  }

  #storage(): libsignal.SignalStorage {
    return {
      // Serialised, so that a message that fails half-way leaves the session as it was.
      loadSession: async (id) => {
        const stored = this.#sessions.get(id);
        return stored ? libsignal.SessionRecord.deserialize(stored as Uint8Array) : null;
      },
      storeSession: async (id, session) => {
        this.#sessions.set(id, session.serialize());
      },
      isTrustedIdentity: () => true,
      loadPreKey: async (id) => {
        const pair = this.#preKeys.get(Number(id));
        return pair && libsignalPair(pair);
      },
      removePreKey: (id) => {
        this.#preKeys.delete(id);
      },
      loadSignedPreKey: () => libsignalPair(this.#signedPreKey),
      getOurRegistrationId: () => this.registrationId,
      getOurIdentity: () => libsignalPair(this.identity),
    };
  }
}
