import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** An X25519 key pair, both halves as 32 raw bytes. */
export interface KeyPair {
  readonly publicKey: Buffer;
  readonly privateKey: Buffer;
}

const X25519_SPKI = Buffer.from('302a300506032b656e032100', 'hex');
const X25519_PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex');
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');

function privateKeyObject(raw: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([X25519_PKCS8, raw]), format: 'der', type: 'pkcs8' });
}

function rawPublicKey(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(X25519_SPKI.length);
}

export function generateKeyPair(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  return {
    publicKey: rawPublicKey(publicKey),
    privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(X25519_PKCS8.length),
  };
}

export function keyPairFromPrivate(privateKey: Uint8Array): KeyPair {
  return {
    publicKey: rawPublicKey(createPublicKey(privateKeyObject(privateKey))),
    privateKey: Buffer.from(privateKey),
  };
}

/** X25519 (RFC 7748) over raw keys. */
export function agree(privateKey: Uint8Array, publicKey: Uint8Array): Buffer {
  return diffieHellman({
    privateKey: privateKeyObject(privateKey),
    publicKey: createPublicKey({ key: Buffer.concat([X25519_SPKI, publicKey]), format: 'der', type: 'spki' }),
  });
}

const P = 2n ** 255n - 19n;

function modPow(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let b = base % P, e = exponent; e > 0n; e >>= 1n, b = (b * b) % P) {
    if (e & 1n) result = (result * b) % P;
  }
  return result;
}

/** The Ed25519 y coordinate of a Curve25519 u coordinate: y = (u - 1) / (u + 1), RFC 7748 section 4.1. */
export function edwardsY(montgomeryU: Uint8Array): Buffer {
  const u = BigInt(`0x${Buffer.from(montgomeryU.toReversed()).toString('hex')}`) & (2n ** 255n - 1n);
  const y = ((u - 1n + P) * modPow(u + 1n, P - 2n)) % P;
  return Buffer.from(Buffer.from(y.toString(16).padStart(64, '0'), 'hex').toReversed());
}

/**
 * Verifies a signature of an X25519 key the way Signal makes them (XEdDSA's predecessor: the sign of the Edwards
 * point rides in the top bit of s). Done over Node's Ed25519, because the client's own `Curve.verify` answers
 * true for any well-formed signature.
 */
export function verifySignature(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  const edwards = edwardsY(publicKey);
  edwards[31]! |= signature[63]! & 0x80;
  const plain = Buffer.from(signature);
  plain[63]! &= 0x7f;
  const key = createPublicKey({
    key: Buffer.concat([ED25519_SPKI, edwards]),
    format: 'der',
    type: 'spki',
  });
  return verify(null, message, key, plain);
}
