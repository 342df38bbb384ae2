import { createHmac, timingSafeEqual } from 'node:crypto';

import { Curve, proto } from '@whiskeysockets/baileys';
import type { BinaryNode } from '@whiskeysockets/baileys';

import type { AccountState } from './account.ts';
import type { Companion, CompanionKeys } from './companion.ts';
import { verifySignature } from './curve.ts';
import { child, childBytes, node, SERVER } from './nodes.ts';

/** Signatures cover a prefix, the details, the companion's identity key and, in the companion's signature, the account's key. */
const ACCOUNT_SIGNATURE_PREFIX = Buffer.from([6, 0]);
const DEVICE_SIGNATURE_PREFIX = Buffer.from([6, 1]);
const KEY_TYPE = Buffer.from([5]);

export interface QrCode {
  readonly ref: string;
  readonly noiseKey: Buffer;
  readonly identityKey: Buffer;
  readonly advSecret: Buffer;
}

/** Parses the text of a QR code. @throws for any other text */
export function parseQr(text: string): QrCode {
  const [ref, noiseKey, identityKey, advSecret] = text.slice(text.indexOf('#') + 1).split(',');
  const code = {
    ref: ref ?? '',
    noiseKey: Buffer.from(noiseKey ?? '', 'base64'),
    identityKey: Buffer.from(identityKey ?? '', 'base64'),
    advSecret: Buffer.from(advSecret ?? '', 'base64'),
  };
  const keys = [code.noiseKey, code.identityKey, code.advSecret];
  if (code.ref === '' || keys.some(({ length }) => length !== 32)) throw new Error('not a pairing QR text');
  return code;
}

/** Reads the keys with which a client registers. @throws unless its identity key has signed its prekey */
export function readRegistration(
  data: proto.ClientPayload.IDevicePairingRegistrationData,
  noiseKey: Buffer,
): CompanionKeys {
  const { eRegid, eKeytype, eIdent, eSkeyId, eSkeyVal, eSkeySig } = data;
  if (eKeytype?.length !== 1 || eKeytype[0] !== 5) throw new Error('registration: key type is not 5');
  if (eRegid?.length !== 4 || eSkeyId?.length !== 3)
    throw new Error('registration: ids have the wrong length');
  if (eIdent?.length !== 32 || eSkeyVal?.length !== 32 || !eSkeySig) {
    throw new Error('registration: keys are missing');
  }
  if (!verifySignature(eIdent, Buffer.concat([KEY_TYPE, eSkeyVal]), eSkeySig)) {
    throw new Error('registration: the signature of the signed prekey does not verify');
  }
  return {
    noiseKey,
    identityKey: Buffer.from(eIdent),
    registrationId: Buffer.from(eRegid).readUInt32BE(),
    signedPreKey: { id: Buffer.from(eSkeyId).readUIntBE(0, 3), publicKey: eSkeyVal, signature: eSkeySig },
  };
}

/** The stanza that makes a waiting client a companion of the account. */
export function pairSuccess(
  id: string,
  account: AccountState,
  companion: Companion,
  advSecret: Buffer,
): BinaryNode {
  const details = proto.ADVDeviceIdentity.encode({
    rawId: companion.deviceId,
    timestamp: Math.floor(Date.now() / 1000),
    keyIndex: companion.deviceId,
    accountType: proto.ADVEncryptionType.E2EE,
    deviceType: proto.ADVEncryptionType.E2EE,
  }).finish();
  const identity = proto.ADVSignedDeviceIdentity.encode({
    details,
    accountSignatureKey: account.handset.device.identity.publicKey,
    accountSignature: Curve.sign(
      account.handset.device.identity.privateKey,
      Buffer.concat([ACCOUNT_SIGNATURE_PREFIX, details, companion.keys.identityKey]),
    ),
  }).finish();
  const signed = proto.ADVSignedDeviceIdentityHMAC.encode({
    details: identity,
    hmac: createHmac('sha256', advSecret).update(identity).digest(),
  }).finish();
  return node('iq', { id, type: 'set', from: SERVER, xmlns: 'md' }, [
    node('pair-success', {}, [
      node('device-identity', {}, signed),
      node('biz', { name: account.name }),
      node('device', { jid: companion.jid, lid: companion.lid }),
      node('platform', { name: 'smba' }),
    ]),
  ]);
}

/** Checks both signatures of a device identity. @throws if one is invalid */
export function proveDeviceIdentity(encoded: Buffer, account: AccountState, companion: Companion): Buffer {
  const { details, accountSignature, accountSignatureKey, deviceSignature } =
    proto.ADVSignedDeviceIdentity.decode(encoded);
  const accountKey = account.handset.device.identity.publicKey;
  if (!details || !accountSignature || !deviceSignature)
    throw new Error('device identity: a part is missing');
  if (accountSignatureKey?.length && !timingSafeEqual(accountSignatureKey, accountKey)) {
    throw new Error('device identity: signed for another account');
  }
  const { identityKey } = companion.keys;
  const byAccount = Buffer.concat([ACCOUNT_SIGNATURE_PREFIX, details, identityKey]);
  if (!verifySignature(accountKey, byAccount, accountSignature)) {
    throw new Error("device identity: the account's signature does not verify");
  }
  const byDevice = Buffer.concat([DEVICE_SIGNATURE_PREFIX, details, identityKey, accountKey]);
  if (!verifySignature(identityKey, byDevice, deviceSignature)) {
    throw new Error("device identity: the device's signature does not verify");
  }
  return encoded;
}

/** Reads the client's answer to `pairSuccess`. @throws unless the registered key has signed it */
export function readPairSignature(reply: BinaryNode, account: AccountState, companion: Companion): Buffer {
  const identity = child(child(reply, 'pair-device-sign'), 'device-identity');
  const encoded = childBytes(child(reply, 'pair-device-sign'), 'device-identity');
  if (!encoded || identity?.attrs['key-index'] !== String(companion.deviceId)) {
    throw new Error('pairing: the client did not sign its device identity');
  }
  return proveDeviceIdentity(encoded, account, companion);
}
