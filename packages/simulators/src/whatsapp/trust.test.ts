import { readFileSync } from 'node:fs';

import { proto } from '@whiskeysockets/baileys';
import { describe, expect, it } from 'vitest';

import { verifySignature } from './curve.ts';
import { whatsappTrustPreload } from './preload.ts';
import { issueServerIdentity, testRootKeyPair } from './trust.ts';

function read(certificate: proto.CertChain.INoiseCertificate | null | undefined): {
  encoded: Uint8Array;
  signature: Uint8Array;
  details: proto.CertChain.NoiseCertificate.Details;
} {
  const encoded = certificate?.details ?? new Uint8Array();
  const details = proto.CertChain.NoiseCertificate.Details.decode(encoded);
  return { encoded, signature: certificate?.signature ?? new Uint8Array(), details };
}

describe('trust', () => {
  it('issues a leaf signed by an intermediate signed by the root', () => {
    const { certificateChain, noiseKeys } = issueServerIdentity(testRootKeyPair);
    const chain = proto.CertChain.decode(certificateChain);
    const intermediate = read(chain.intermediate);
    const leaf = read(chain.leaf);
    expect(verifySignature(testRootKeyPair.publicKey, intermediate.encoded, intermediate.signature)).toBe(
      true,
    );
    const issuerKey = intermediate.details.key ?? new Uint8Array();
    expect(verifySignature(issuerKey, leaf.encoded, leaf.signature)).toBe(true);
    expect(Buffer.from(leaf.details.key ?? [])).toEqual(noiseKeys.publicKey);
    expect(intermediate.details.issuerSerial).toBe(0);
    expect(leaf.details.issuerSerial).toBe(intermediate.details.serial);
  });

  it('has the same root in the preload', () => {
    expect(readFileSync(whatsappTrustPreload, 'utf8')).toContain(testRootKeyPair.publicKey.toString('hex'));
  });
});
