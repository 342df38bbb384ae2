import { createCipheriv, createDecipheriv, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

import { agree, generateKeyPair } from './curve.ts';
import type { KeyPair } from './curve.ts';
import { hkdf } from './noise.ts';

/** Pairing by an eight-letter code instead of a QR text. The code protects an exchange of ephemeral keys. */
const PBKDF2_ROUNDS = 131_072;
const BUNDLE_INFO = 'link_code_pairing_key_bundle_encryption_key';

const deriveKey = promisify(pbkdf2);

/** Salt (32 bytes), IV (16), and the public key, encrypted with AES-256-CTR under a key that is derived from the code. */
async function wrap(code: string, publicKey: Buffer): Promise<Buffer> {
  const salt = randomBytes(32);
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-256-ctr', await deriveKey(code, salt, PBKDF2_ROUNDS, 32, 'sha256'), iv);
  return Buffer.concat([salt, iv, cipher.update(publicKey), cipher.final()]);
}

async function unwrap(code: string, wrapped: Buffer): Promise<Buffer> {
  if (wrapped.length !== 80) throw new Error('pairing code: the wrapped key is not of 80 bytes');
  const key = await deriveKey(code, wrapped.subarray(0, 32), PBKDF2_ROUNDS, 32, 'sha256');
  const cipher = createDecipheriv('aes-256-ctr', key, wrapped.subarray(32, 48));
  return Buffer.concat([cipher.update(wrapped.subarray(48)), cipher.final()]);
}

/** The handset's half of the exchange. */
export class LinkCodeExchange {
  /** For the notification to the client. */
  readonly wrappedEphemeral: Buffer;
  readonly #identity: KeyPair;
  readonly #shared: Buffer;

  private constructor(identity: KeyPair, wrappedEphemeral: Buffer, shared: Buffer) {
    this.#identity = identity;
    this.wrappedEphemeral = wrappedEphemeral;
    this.#shared = shared;
  }

  /** Starts the exchange when a person has typed the code that the client shows. */
  static async begin(code: string, companionHello: Buffer, identity: KeyPair): Promise<LinkCodeExchange> {
    const ephemeral = generateKeyPair();
    const companionEphemeral = await unwrap(code, companionHello);
    const shared = agree(ephemeral.privateKey, companionEphemeral);
    return new LinkCodeExchange(identity, await wrap(code, ephemeral.publicKey), shared);
  }

  /**
   * Reads the client's key bundle: salt, IV (12 bytes), identity keys and randomness, encrypted with AES-256-GCM. Returns
   * the shared secret. Throws when the code was wrong, or when the bundle names other keys.
   */
  finish(bundle: Buffer, companionIdentity: Buffer): Buffer {
    const key = hkdf(this.#shared, bundle.subarray(0, 32), BUNDLE_INFO, 32);
    const plain = decryptGcm(key, bundle.subarray(32, 44), bundle.subarray(44));
    const names = Buffer.concat([companionIdentity, this.#identity.publicKey]);
    if (!plain.subarray(0, 64).equals(names)) throw new Error('pairing code: the bundle names other keys');
    const identityShared = agree(this.#identity.privateKey, companionIdentity);
    const secret = Buffer.concat([this.#shared, identityShared, plain.subarray(64)]);
    return hkdf(secret, Buffer.alloc(0), 'adv_secret', 32);
  }
}

function decryptGcm(key: Buffer, iv: Buffer, ciphertext: Buffer): Buffer {
  const end = ciphertext.length - 16;
  if (end < 0) throw new Error('pairing code: the bundle is too short');
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: 16 });
  decipher.setAuthTag(ciphertext.subarray(end));
  try {
    return Buffer.concat([decipher.update(ciphertext.subarray(0, end)), decipher.final()]);
  } catch (cause) {
    throw new Error('pairing code: the bundle was not made with this code', { cause });
  }
}
