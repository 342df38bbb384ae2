import { randomBytes } from 'node:crypto';

import type { proto } from '@whiskeysockets/baileys';

import { Companion } from './companion.ts';
import type { CompanionKeys } from './companion.ts';
import type { Connection } from './connection.ts';
import type { Directory } from './directory.ts';
import { node, unixSeconds } from './nodes.ts';
import { Serial } from './serial.ts';
import { SignalDevice } from './signal-device.ts';
import type { Ciphertext, PreKeyBundle } from './signal-device.ts';
import { textOfMessage } from './texts.ts';
import type { Account, Phone, ReceivedText } from './types.ts';

/** A stanza from one device to another, as the server routes it. */
export interface Envelope {
  readonly id: string;
  readonly sender: { readonly account: AccountState; readonly companion: Companion };
  /** The JID the stanza was addressed to, without a device. */
  readonly to: string;
  readonly ciphertext: Ciphertext;
}

export class AccountState implements Account {
  readonly kind = 'account';
  readonly number: string;
  readonly lidUser: string;
  readonly jid: string;
  readonly lid: string;
  /** The handset: device 0, whose identity signs for the companions. */
  readonly handset: SignalDevice;
  readonly companions: Map<number, Companion> = new Map();
  readonly sent: Array<ReceivedText & { to: string }> = [];
  /** Why logins are refused, if they are. */
  refusal: number | undefined;
  /** Why messages are refused: by the kind of the address that they go to. */
  readonly messageRefusals: Map<'pn' | 'lid', string> = new Map();
  /** Until when it may start no chats. */
  reachoutTimelock: Date | undefined;
  readonly #directory: Directory;
  readonly #seen = new Set<string>();
  #nextDeviceId = 1;
  /** A Signal session allows one operation at a time. */
  readonly #signal = new Serial();

  constructor(options: { number: string; lidUser: string; directory: Directory }) {
    this.number = options.number;
    this.lidUser = options.lidUser;
    this.jid = `${options.number}@s.whatsapp.net`;
    this.lid = `${options.lidUser}@lid`;
    this.handset = new SignalDevice(options.lidUser);
    this.#directory = options.directory;
  }

  get name(): string {
    return `Business ${this.number}`;
  }

  get connected(): boolean {
    return this.companions.values().some(({ active }) => active);
  }

  get pending(): number {
    return this.companions.values().reduce((sum, { outbox }) => sum + outbox.size, 0);
  }

  get connections(): Connection[] {
    return [...this.companions.values()].flatMap(({ connection }) => connection ?? []);
  }

  get deviceIds(): number[] {
    return [0, ...this.companions.keys()];
  }

  link(keys: CompanionKeys): Companion {
    const companion = new Companion(this, this.#nextDeviceId++, keys);
    this.companions.set(companion.deviceId, companion);
    return companion;
  }

  bundle(deviceId: number): PreKeyBundle | undefined {
    return deviceId === 0 ? this.handset.bundle() : this.companions.get(deviceId)?.bundle();
  }

  /** A companion's copy for another device of the account: what it sent and to whom. */
  receive(deviceId: number, envelope: Envelope): void {
    const { companion } = envelope.sender;
    const target = this.companions.get(deviceId);
    if (target) {
      const { type, bytes } = envelope.ciphertext;
      void target.outbox.add(
        node(
          'message',
          { id: envelope.id, from: companion.jid, recipient: envelope.to, type: 'text', t: unixSeconds() },
          [node('enc', { v: '2', type }, bytes)],
        ),
      );
      return;
    }
    if (deviceId !== 0) return;
    void this.#signal.run(async () => {
      const { id, ciphertext, to } = envelope;
      // What the handset cannot read it does not show; asking again is for phones.
      const message = await this.handset
        .decrypt(peerName(this, companion), ciphertext)
        .catch(() => undefined);
      const copy = message?.deviceSentMessage;
      const text = copy?.message ? textOfMessage(copy.message) : undefined;
      if (text === undefined || this.#seen.has(id)) return;
      this.#seen.add(id);
      this.sent.push({ id, from: this.jid, to: copy?.destinationJid ?? to, text, at: Date.now() });
    });
  }

  async sendFromHandset(to: Phone, text: string, options: { id?: string } = {}): Promise<{ id: string }> {
    const id = options.id ?? `3A${randomBytes(9).toString('hex').toUpperCase()}`;
    const message = { conversation: text };
    const copy = { deviceSentMessage: { destinationJid: to.jid, message } };
    this.#directory.phones.get(to.number)?.show({ id, from: this.jid, text, at: Date.now() });
    await this.#toCompanions(copy, {
      id,
      from: this.jid,
      recipient: to.jid,
      recipient_lid: to.lid,
      type: 'text',
    });
    return { id };
  }

  /** A message of the handset to one companion only, such as history. */
  async sendPeerMessage(
    companion: Companion,
    protocolMessage: proto.Message.IProtocolMessage,
  ): Promise<void> {
    const id = `3A${randomBytes(9).toString('hex').toUpperCase()}`;
    await this.#toCompanions({ protocolMessage }, { id, from: this.jid, type: 'text', category: 'peer' }, [
      companion,
    ]);
  }

  async #toCompanions(
    message: proto.IMessage,
    attrs: Record<string, string | undefined>,
    companions: Companion[] = [...this.companions.values()],
  ): Promise<void> {
    const acknowledged: Array<Promise<boolean>> = [];
    await this.#signal.run(async () => {
      for (const companion of companions) {
        const name = peerName(this, companion);
        const { type, bytes } = await this.handset.encrypt(name, message, () => companion.bundle());
        const item = node('message', { ...attrs, t: unixSeconds() }, [node('enc', { v: '2', type }, bytes)]);
        acknowledged.push(companion.outbox.add(item));
      }
    });
    await Promise.race(acknowledged);
  }
}

/** How Signal sessions name a companion. */
export function peerName(account: AccountState, companion: Companion): string {
  return `${account.lidUser}-${companion.deviceId}`;
}
