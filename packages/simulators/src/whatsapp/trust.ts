import { Curve, proto } from '@whiskeysockets/baileys';

import { generateKeyPair, keyPairFromPrivate } from './curve.ts';
import type { KeyPair } from './curve.ts';

/**
 * The root key of the simulator, public on purpose and used in tests only. The preload that makes a client trust it
 * (`preload/whatsapp-trust.mjs`) holds its public half; a test compares the two.
 */
export const testRootKeyPair: KeyPair = keyPairFromPrivate(
  Buffer.from('50726f5361615320576861747341707020746573742c206e6f2073656372657421', 'hex').subarray(0, 32),
);

/** The root is issuer 0, the intermediate below it 1: the client checks the first and expects the second. */
const ROOT_SERIAL = 0;
const INTERMEDIATE_SERIAL = 1;
const LEAF_SERIAL = 2;
const VALID_SECONDS = 10 * 365 * 24 * 3600;

export interface ServerIdentity {
  readonly noiseKeys: KeyPair;
  /** Encoded CertChain for the payload of the server's hello. */
  readonly certificateChain: Uint8Array;
}

function certificate(
  fields: { serial: number; issuerSerial: number; key: Uint8Array },
  issuer: KeyPair,
): proto.CertChain.INoiseCertificate {
  const now = Math.floor(Date.now() / 1000);
  const details = proto.CertChain.NoiseCertificate.Details.encode({
    ...fields,
    notBefore: now - 3600,
    notAfter: now + VALID_SECONDS,
  }).finish();
  return { details, signature: Curve.sign(issuer.privateKey, details) };
}

/** leaf <- intermediate <- root, with fresh keys below the root. */
export function issueServerIdentity(root: KeyPair): ServerIdentity {
  const noiseKeys = generateKeyPair();
  const intermediate = generateKeyPair();
  return {
    noiseKeys,
    certificateChain: proto.CertChain.encode({
      intermediate: certificate(
        { serial: INTERMEDIATE_SERIAL, issuerSerial: ROOT_SERIAL, key: intermediate.publicKey },
        root,
      ),
      leaf: certificate(
        { serial: LEAF_SERIAL, issuerSerial: INTERMEDIATE_SERIAL, key: noiseKeys.publicKey },
        intermediate,
      ),
    }).finish(),
  };
}
