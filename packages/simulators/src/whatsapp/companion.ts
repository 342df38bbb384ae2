import { timingSafeEqual } from 'node:crypto';

import type { BinaryNode } from '@whiskeysockets/baileys';

import type { Connection } from './connection.ts';
import { node, SERVER } from './nodes.ts';
import { Outbox } from './outbox.ts';
import type { PreKeyBundle } from './signal-device.ts';

/** With fewer one-time prekeys the server asks for more; the client uploads some when it has fewer than five. */
const PREKEYS_LOW = 5;

/** The keys that a companion registered when it was paired. */
export interface CompanionKeys {
  readonly noiseKey: Buffer;
  readonly identityKey: Buffer;
  registrationId: number;
  signedPreKey: PreKeyBundle['signedPreKey'];
}

/** A linked device of an account: the client under test, as the server sees it. */
export class Companion {
  readonly deviceId: number;
  readonly jid: string;
  readonly lid: string;
  /** Its name in the Signal sessions of other devices. */
  readonly peerName: string;
  readonly keys: CompanionKeys;
  readonly outbox: Outbox = new Outbox();
  readonly preKeys: Map<number, Uint8Array> = new Map();
  /** The device identity, once both the account and the companion have signed it. */
  provenIdentity: Buffer | undefined;
  connection: Connection | undefined;
  /** The client has reported that it takes messages. */
  active = false;
  /** Whether it has logged in before: history is sent after the first login only. */
  hasLoggedIn = false;
  #silence: { answerQueries: boolean } | undefined;
  #heldAcks: BinaryNode[] | undefined;
  #askedForPreKeys = false;

  constructor(account: { number: string; lidUser: string }, deviceId: number, keys: CompanionKeys) {
    this.deviceId = deviceId;
    this.jid = `${account.number}:${deviceId}@s.whatsapp.net`;
    this.lid = `${account.lidUser}:${deviceId}@lid`;
    this.peerName = `${account.lidUser}-${deviceId}`;
    this.keys = keys;
  }

  holds(noiseKey: Buffer): boolean {
    return noiseKey.length === this.keys.noiseKey.length && timingSafeEqual(noiseKey, this.keys.noiseKey);
  }

  /** A bundle for a device that writes to this one; without a one-time prekey when none is left. */
  bundle(): PreKeyBundle {
    const [first] = this.preKeys;
    if (first) this.preKeys.delete(first[0]);
    if (this.preKeys.size < PREKEYS_LOW && !this.#askedForPreKeys) {
      this.#askedForPreKeys = true;
      const count = node('count', { value: String(this.preKeys.size) });
      const id = `prekeys-${Date.now()}`;
      void this.outbox.add(node('notification', { id, from: SERVER, type: 'encrypt' }, [count]));
    }
    return {
      registrationId: this.keys.registrationId,
      identityKey: this.keys.identityKey,
      signedPreKey: this.keys.signedPreKey,
      preKey: first && { id: first[0], publicKey: first[1] },
    };
  }

  addPreKeys(preKeys: Iterable<readonly [number, Uint8Array]>): void {
    for (const [id, publicKey] of preKeys) this.preKeys.set(id, publicKey);
    this.#askedForPreKeys = false;
  }

  attach(connection: Connection): void {
    this.connection = connection;
    this.active = false;
    this.#silence = undefined;
    this.outbox.close();
  }

  detach(connection: Connection): void {
    if (this.connection !== connection) return;
    this.connection = undefined;
    this.active = false;
    this.outbox.close();
    if (this.#heldAcks) this.#heldAcks = [];
  }

  /** Sends the waiting stanzas, and every later one at once. Returns how many were waiting. */
  activate(): number {
    this.active = true;
    return this.silent ? 0 : this.#open({ offline: true });
  }

  #open(how: { offline: boolean }): number {
    const { connection } = this;
    return this.outbox.open((item) => connection?.send(item), how);
  }

  get silent(): boolean {
    return this.#silence !== undefined;
  }

  /** Whether a query gets an answer. */
  get answers(): boolean {
    return this.#silence?.answerQueries !== false;
  }

  /** Lasts until it is undone or the companion logs in again. */
  silence(how: { answerQueries: boolean } | undefined): void {
    const wasSilent = this.silent;
    this.#silence = how;
    if (how) this.outbox.close();
    else if (wasSilent && this.active) this.#open({ offline: false });
  }

  sendAck(ack: BinaryNode): void {
    if (this.#heldAcks) this.#heldAcks.push(ack);
    else if (!this.silent) this.connection?.send(ack);
  }

  withholdAcks(on: boolean): void {
    if (on) {
      this.#heldAcks ??= [];
      return;
    }
    const held = this.#heldAcks ?? [];
    this.#heldAcks = undefined;
    for (const ack of held) this.sendAck(ack);
  }
}
