import { Companion } from './companion.ts';
import type { CompanionKeys } from './companion.ts';
import type { Connection } from './connection.ts';
import type { Directory } from './directory.ts';
import { Handset } from './handset.ts';
import { node, unixSeconds } from './nodes.ts';
import type { Ciphertext, PreKeyBundle } from './signal-device.ts';
import type { Account, SentText } from './types.ts';

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
  readonly handset: Handset;
  readonly companions: Map<number, Companion> = new Map();
  /** The code with which logins are refused; undefined: they are accepted. */
  refusal: number | undefined;
  /** The codes with which messages are refused, by the kind of the recipient's address. */
  readonly messageRefusals: Map<'pn' | 'lid', string> = new Map();
  /** Until when the account may start no chats. */
  reachoutTimelock: Date | undefined;
  #nextDeviceId = 1;

  constructor(options: { number: string; lidUser: string; directory: Directory }) {
    this.number = options.number;
    this.lidUser = options.lidUser;
    this.jid = `${options.number}@s.whatsapp.net`;
    this.lid = `${options.lidUser}@lid`;
    this.handset = new Handset(this, options.directory);
  }

  get sent(): readonly SentText[] {
    return this.handset.shown;
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
    return deviceId === 0 ? this.handset.device.bundle() : this.companions.get(deviceId)?.bundle();
  }

  /** Delivers the copy of a companion's message to another device of the account. */
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
    if (deviceId === 0) this.handset.receive(envelope);
  }
}
