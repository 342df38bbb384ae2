import type { BinaryNode } from '@whiskeysockets/baileys';

import type { AccountState, Envelope } from './account.ts';
import type { Companion } from './companion.ts';
import type { Directory } from './directory.ts';
import { child, childBytes, children, node, unixSeconds } from './nodes.ts';
import { proveDeviceIdentity } from './pairing.ts';
import { readKey } from './queries.ts';
import type { Ciphertext, PreKeyBundle } from './signal-device.ts';

/** A companion and the account it belongs to. */
export interface Linked {
  readonly account: AccountState;
  readonly companion: Companion;
}

/** Routes a message of a client to the devices it was encrypted for, and acknowledges it. */
export function acceptMessage(message: BinaryNode, sender: Linked, directory: Directory): void {
  const { id, to, participant } = message.attrs;
  if (!id || !to) throw new Error('a message without id or recipient');
  const acknowledge = (error?: string): void =>
    sender.companion.sendAck(
      node('ack', { class: 'message', id, from: to, t: unixSeconds(), participant, error }),
    );
  const single = child(message, 'enc');
  const listed = children(child(message, 'participants'), 'to');
  const recipient = directory.find(to)?.user;
  const isThere = recipient !== undefined && !(recipient.kind === 'phone' && recipient.hasLeft);
  // An unknown recipient, or a group, which this server does not have.
  if (!isThere || (!single && listed.length === 0)) {
    acknowledge('404');
    return;
  }

  const refusal = sender.account.messageRefusals.get(to.endsWith('lid') ? 'lid' : 'pn');
  if (refusal !== undefined) {
    acknowledge(refusal);
    return;
  }

  const targets = listed.map((target) => ({
    jid: target.attrs.jid ?? '',
    ciphertext: ciphertextOf(child(target, 'enc')),
  }));
  // A retry for one device, or a message to the own handset, has no list.
  if (single) targets.push({ jid: to, ciphertext: ciphertextOf(single) });
  if (targets.some(({ ciphertext }) => ciphertext.type === 'pkmsg')) requireIdentity(message, sender);
  acknowledge();
  for (const { jid, ciphertext } of targets) {
    const found = directory.find(jid);
    const envelope: Envelope = { id, sender, to: withoutDevice(to), ciphertext };
    found?.user.receive(found.deviceId, envelope);
  }
}

/** A first message proves the account of its sender. The proof is checked once. */
function requireIdentity(message: BinaryNode, { account, companion }: Linked): void {
  const identity = childBytes(message, 'device-identity');
  if (!identity) throw new Error('a first message to a device came without the device identity');
  if (companion.provenIdentity?.equals(identity)) return;
  companion.provenIdentity = proveDeviceIdentity(identity, account, companion);
}

function ciphertextOf(enc: BinaryNode | undefined): Ciphertext {
  const type = enc?.attrs.type;
  if (!(enc?.content instanceof Uint8Array) || (type !== 'pkmsg' && type !== 'msg')) {
    throw new Error('a message without a ciphertext this server can route');
  }
  return { type, bytes: Buffer.from(enc.content) };
}

/** Handles delivery, read and retry receipts of a client. */
export async function acceptReceipt(
  receipt: BinaryNode,
  sender: Linked,
  directory: Directory,
): Promise<void> {
  const { id, to, type } = receipt.attrs;
  if (!id) throw new Error('a receipt without id');
  const { account, companion } = sender;
  if (!companion.silent) {
    companion.connection?.send(node('ack', { class: 'receipt', id, from: to ?? account.jid, type }));
  }
  if (type === 'retry') {
    companion.outbox.expectRetry({ id, from: to });
    const user = directory.find(to ?? '')?.user;
    if (user?.kind === 'phone') await user.retry(companion, id, retryKeys(receipt));
    else if (user === account) await account.handset.retry(companion, id, retryKeys(receipt));
    return;
  }
  if (type === 'read' || type === 'read-self' || type === 'hist_sync' || type === 'played') return;
  companion.outbox.acknowledge('message', { id, from: to });
  for (const item of children(child(receipt, 'list'), 'item')) {
    companion.outbox.acknowledge('message', { id: item.attrs.id, from: to });
  }
}

function retryKeys(receipt: BinaryNode): PreKeyBundle | undefined {
  const keys = child(receipt, 'keys');
  const identityKey = childBytes(keys, 'identity');
  const signedPreKey = readKey(child(keys, 'skey'));
  const registration = childBytes(receipt, 'registration');
  if (!identityKey || !signedPreKey?.signature || !registration) return undefined;
  return {
    registrationId: registration.readUInt32BE(),
    identityKey,
    signedPreKey: { ...signedPreKey, signature: signedPreKey.signature },
    preKey: readKey(child(keys, 'key')),
  };
}

export function acceptAck(ack: BinaryNode, { companion }: Linked): void {
  const { class: tag, id, to, type, error } = ack.attrs;
  companion.outbox.acknowledge(tag ?? '', { id, from: to, type }, error !== undefined);
}

function withoutDevice(jid: string): string {
  return jid.replace(/:\d+@/, '@');
}
