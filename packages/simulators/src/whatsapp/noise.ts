import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto';

import { agree, generateKeyPair } from './curve.ts';
import type { KeyPair } from './curve.ts';

/** Noise XX, responder's side: https://noiseprotocol.org/noise.html, revision 34. */
const PROTOCOL_NAME = 'Noise_XX_25519_AESGCM_SHA256';
const TAG_LENGTH = 16;
const EMPTY = Buffer.alloc(0);

export function hkdf(
  secret: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array | string,
  length: number,
): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, info, length));
}

/** One direction of an encrypted channel (Noise section 5.1), with the nonce of AESGCM (section 12.4). */
export class CipherState {
  readonly #key: Buffer;
  #nonce = 0n;

  constructor(key: Buffer) {
    this.#key = key;
  }

  #iv(): Buffer {
    const iv = Buffer.alloc(12);
    iv.writeBigUInt64BE(this.#nonce++, 4);
    return iv;
  }

  encrypt(plaintext: Uint8Array, associated: Uint8Array = EMPTY): Buffer {
    const cipher = createCipheriv('aes-256-gcm', this.#key, this.#iv());
    cipher.setAAD(associated);
    return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  }

  /** Throws if the tag does not match. */
  decrypt(ciphertext: Uint8Array, associated: Uint8Array = EMPTY): Buffer {
    if (ciphertext.length < TAG_LENGTH) throw new Error('Noise ciphertext is shorter than its tag');
    const end = ciphertext.length - TAG_LENGTH;
    const decipher = createDecipheriv('aes-256-gcm', this.#key, this.#iv(), { authTagLength: TAG_LENGTH });
    decipher.setAAD(associated);
    decipher.setAuthTag(ciphertext.subarray(end));
    return Buffer.concat([decipher.update(ciphertext.subarray(0, end)), decipher.final()]);
  }
}

class SymmetricState {
  hash: Buffer;
  #chainingKey: Buffer;
  #cipher: CipherState | undefined;

  constructor() {
    const name = Buffer.from(PROTOCOL_NAME);
    this.hash = Buffer.concat([name, Buffer.alloc(32 - name.length)]);
    this.#chainingKey = this.hash;
  }

  mixHash(data: Uint8Array): void {
    this.hash = createHash('sha256').update(this.hash).update(data).digest();
  }

  mixKey(secret: Uint8Array): void {
    const output = hkdf(secret, this.#chainingKey, '', 64);
    this.#chainingKey = output.subarray(0, 32);
    this.#cipher = new CipherState(output.subarray(32));
  }

  #keyed(): CipherState {
    if (!this.#cipher) throw new Error('Noise message out of order');
    return this.#cipher;
  }

  encryptAndHash(plaintext: Uint8Array): Buffer {
    const ciphertext = this.#keyed().encrypt(plaintext, this.hash);
    this.mixHash(ciphertext);
    return ciphertext;
  }

  decryptAndHash(ciphertext: Uint8Array): Buffer {
    const plaintext = this.#keyed().decrypt(ciphertext, this.hash);
    this.mixHash(ciphertext);
    return plaintext;
  }

  split(): { initiator: CipherState; responder: CipherState } {
    const output = hkdf(EMPTY, this.#chainingKey, '', 64);
    return {
      initiator: new CipherState(output.subarray(0, 32)),
      responder: new CipherState(output.subarray(32)),
    };
  }
}

/** The three messages of XX, in parts: WhatsApp carries each part in a protobuf field of its own. */
export class NoiseResponder {
  readonly #state = new SymmetricState();
  readonly #static: KeyPair;
  readonly #ephemeral: KeyPair;
  #remoteEphemeral: Uint8Array = EMPTY;
  #remoteStatic: Buffer = EMPTY;

  constructor(options: { prologue: Uint8Array; staticKeys: KeyPair; ephemeralKeys?: KeyPair }) {
    this.#static = options.staticKeys;
    this.#ephemeral = options.ephemeralKeys ?? generateKeyPair();
    this.#state.mixHash(options.prologue);
  }

  /**
   * `-> e`. Noise hashes the payload of this message even when it is empty; WhatsApp leaves that step out, which
   * is what an undefined payload stands for.
   */
  readEphemeral(remoteEphemeral: Uint8Array, payload?: Uint8Array): void {
    this.#remoteEphemeral = remoteEphemeral;
    this.#state.mixHash(remoteEphemeral);
    if (payload) this.#state.mixHash(payload);
  }

  /** `<- e, ee, s, es` */
  writeHello(payload: Uint8Array): { ephemeral: Buffer; static: Buffer; payload: Buffer } {
    this.#state.mixHash(this.#ephemeral.publicKey);
    this.#state.mixKey(agree(this.#ephemeral.privateKey, this.#remoteEphemeral));
    const encryptedStatic = this.#state.encryptAndHash(this.#static.publicKey);
    this.#state.mixKey(agree(this.#static.privateKey, this.#remoteEphemeral));
    return {
      ephemeral: this.#ephemeral.publicKey,
      static: encryptedStatic,
      payload: this.#state.encryptAndHash(payload),
    };
  }

  /** `-> s, se`. Throws if the initiator does not hold the keys it showed. */
  readFinish(encryptedStatic: Uint8Array, encryptedPayload: Uint8Array): Buffer {
    this.#remoteStatic = this.#state.decryptAndHash(encryptedStatic);
    this.#state.mixKey(agree(this.#ephemeral.privateKey, this.#remoteStatic));
    return this.#state.decryptAndHash(encryptedPayload);
  }

  /** Known after `readFinish`. */
  get remoteStatic(): Buffer {
    return this.#remoteStatic;
  }

  get handshakeHash(): Buffer {
    return this.#state.hash;
  }

  split(): { send: CipherState; receive: CipherState } {
    const { initiator, responder } = this.#state.split();
    return { send: responder, receive: initiator };
  }
}
