import { Curve } from '@whiskeysockets/baileys';
import { describe, expect, it } from 'vitest';

import { agree, edwardsY, generateKeyPair, keyPairFromPrivate, verifySignature } from './curve.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

describe('X25519 against RFC 7748', () => {
  it('gives the outputs of section 5.2', () => {
    expect(
      agree(
        bytes('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4'),
        bytes('e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c'),
      ).toString('hex'),
    ).toBe('c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552');
    expect(
      agree(
        bytes('4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d'),
        bytes('e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493'),
      ).toString('hex'),
    ).toBe('95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957');
  });

  it('gives the keys and the shared secret of section 6.1', () => {
    const alice = keyPairFromPrivate(
      bytes('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'),
    );
    const bob = keyPairFromPrivate(bytes('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'));
    expect(alice.publicKey.toString('hex')).toBe(
      '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
    );
    expect(bob.publicKey.toString('hex')).toBe(
      'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
    );
    expect(agree(alice.privateKey, bob.publicKey).toString('hex')).toBe(
      '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
    );
  });
});

describe('signatures of an X25519 key', () => {
  it('maps the base point u = 9 to the y = 4/5 of RFC 7748', () => {
    const u = Buffer.alloc(32);
    u[0] = 9;
    expect(edwardsY(u).toString('hex')).toBe(`58${'66'.repeat(31)}`);
  });

  it('accepts what the client signs and nothing else', () => {
    const message = Buffer.from('a message');
    // Both signs of the Edwards point occur among a few keys.
    for (let i = 0; i < 8; i++) {
      const keys = generateKeyPair();
      const signature = Curve.sign(keys.privateKey, message);
      expect(verifySignature(keys.publicKey, message, signature)).toBe(true);
      expect(verifySignature(keys.publicKey, Buffer.from('a massage'), signature)).toBe(false);
      expect(verifySignature(generateKeyPair().publicKey, message, signature)).toBe(false);
    }
  });
});
