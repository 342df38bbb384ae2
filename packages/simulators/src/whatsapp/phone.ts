import { randomBytes } from 'node:crypto';

import { proto } from '@whiskeysockets/baileys';
import type { BinaryNode } from '@whiskeysockets/baileys';

import type { AccountState, Envelope } from './account.ts';
import type { Companion } from './companion.ts';
import type { Directory } from './directory.ts';
import { corrupted, node, uintBytes, unixSeconds } from './nodes.ts';
import { bundleNodes } from './queries.ts';
import { Screen } from './screen.ts';
import { SerialQueue } from './serial-queue.ts';
import { SignalDevice } from './signal-device.ts';
import type { PreKeyBundle } from './signal-device.ts';
import { textOfMessage } from './texts.ts';
import type { Account, Addressing, Phone, ReceivedText, RepeatRequest, SendOptions } from './types.ts';

/** Sent messages that a phone keeps for retries. */
const KEPT_MESSAGES = 1000;
const MAX_RETRIES = 5;
/** Retry receipts that a phone sends for one message. */
const MAX_REQUESTS = 5;

interface SentMessage {
  readonly message: proto.IMessage;
  readonly addressing: Addressing;
  readonly sentAt: Date;
  retries: number;
  /** The last stanza per companion, for a redelivery of the same bytes. */
  readonly stanzas: Map<Companion, BinaryNode>;
}

type Origin = Pick<Envelope, 'id' | 'sender' | 'to'>;

export class SimulatedPhone implements Phone {
  readonly kind = 'phone';
  readonly number: string;
  readonly lidUser: string;
  readonly jid: string;
  readonly lid: string;
  readonly pushName: string;
  repeats = 0;
  unreadable = 0;
  withheld = false;
  hasLeft = false;
  readonly repeatRequests: RepeatRequest[] = [];
  readonly deviceIds: number[] = [0];
  readonly #device: SignalDevice;
  readonly #directory: Directory;
  readonly #sent = new Map<string, SentMessage>();
  /** The origin of each message, by sender and id. */
  readonly #origins = new Map<string, Origin>();
  readonly #peers = new Set<string>();
  /** Retry receipts for each message that it could not decrypt, by sender and id. */
  readonly #requests = new Map<string, number>();
  #copiesToFail = 0;
  /** Resolves when the phone is switched on; undefined while it is. */
  #on: PromiseWithResolvers<void> | undefined;
  readonly #screen: Screen;
  /** A Signal session allows one operation at a time. */
  readonly #signal = new SerialQueue();

  constructor(options: { number: string; lidUser: string; pushName: string; directory: Directory }) {
    this.number = options.number;
    this.lidUser = options.lidUser;
    this.jid = `${options.number}@s.whatsapp.net`;
    this.lid = `${options.lidUser}@lid`;
    this.pushName = options.pushName;
    this.#device = new SignalDevice(options.lidUser);
    this.#screen = new Screen(options.number);
    this.#directory = options.directory;
  }

  get received(): readonly ReceivedText[] {
    return this.#screen.texts;
  }

  bundle(deviceId: number): PreKeyBundle | undefined {
    return deviceId === 0 ? this.#device.bundle() : undefined;
  }

  async sendText(to: Account, text: string, options: SendOptions = {}): Promise<{ id: string }> {
    return await this.#send(to, { conversation: text }, options);
  }

  async sendContent(
    to: Account,
    content: proto.IMessage,
    options: SendOptions = {},
  ): Promise<{ id: string }> {
    return await this.#send(to, content, options);
  }

  async revoke(to: Account, id: string): Promise<{ id: string }> {
    return await this.#send(to, {
      protocolMessage: {
        type: proto.Message.ProtocolMessage.Type.REVOKE,
        key: { remoteJid: to.jid, fromMe: true, id },
      },
    });
  }

  async #send(to: Account, message: proto.IMessage, options: SendOptions = {}): Promise<{ id: string }> {
    const account = this.#account(to);
    if (account.companions.size === 0) throw new Error(`no device is linked to ${account.number}`);
    const id = options.id ?? `3EB0${randomBytes(9).toString('hex').toUpperCase()}`;
    const sent: SentMessage = {
      message,
      addressing: options.addressing ?? 'pn',
      sentAt: options.sentAt ?? new Date(),
      retries: 0,
      stanzas: new Map(),
    };
    this.#sent.set(id, sent);
    if (this.#sent.size > KEPT_MESSAGES) this.#sent.delete(this.#sent.keys().next().value!);
    const acknowledged = await this.#signal.run(async () => {
      const promises: Array<Promise<boolean>> = [];
      for (const companion of account.companions.values()) {
        const stanza = await this.#stanza(companion, id, sent);
        promises.push(companion.outbox.add(asDelivered(stanza, options)));
      }
      return promises;
    });
    await account.handset.replyTo(this);
    if (options.awaitDelivery !== false) await waitForFirst(acknowledged);
    return { id };
  }

  async redeliver(to: Account, id: string, options: { ciphertext?: 'same' | 'fresh' } = {}): Promise<void> {
    const account = this.#account(to);
    const sent = this.#sent.get(id);
    if (!sent) throw new Error(`this phone sent no message ${id}`);
    const acknowledged = await this.#signal.run(async () => {
      const promises: Array<Promise<boolean>> = [];
      for (const companion of account.companions.values()) {
        const last = options.ciphertext === 'same' ? sent.stanzas.get(companion) : undefined;
        promises.push(companion.outbox.add(last ?? (await this.#stanza(companion, id, sent))));
      }
      return promises;
    });
    await waitForFirst(acknowledged);
  }

  /**
   * Encrypts message `id` again for a client that could not read it, in a new session if the client sent keys. Older sessions
   * are kept, so that messages encrypted with them can still be read.
   */
  async retry(companion: Companion, id: string, keys?: PreKeyBundle): Promise<void> {
    this.repeatRequests.push({ id, at: Date.now() });
    const sent = this.#sent.get(id);
    if (!sent || ++sent.retries > MAX_RETRIES) return;
    await this.#signal.run(async () => {
      if (keys) await this.#device.startSession(companion.peerName, keys);
      void companion.outbox.add(await this.#stanza(companion, id, sent));
    });
  }

  async #stanza(companion: Companion, id: string, sent: SentMessage): Promise<BinaryNode> {
    const peer = companion.peerName;
    this.#peers.add(peer);
    const { type, bytes } = await this.#device.encrypt(peer, sent.message, () => companion.bundle());
    const byLid = sent.addressing !== 'pn';
    const stanza = node(
      'message',
      {
        id,
        from: byLid ? this.lid : this.jid,
        sender_lid: byLid ? undefined : this.lid,
        sender_pn: sent.addressing === 'lid' ? this.jid : undefined,
        addressing_mode: byLid ? 'lid' : undefined,
        type: 'text',
        notify: this.pushName,
        t: unixSeconds(sent.sentAt),
      },
      [node('enc', { v: '2', type, count: sent.retries > 0 ? String(sent.retries) : undefined }, bytes)],
    );
    sent.stanzas.set(companion, stanza);
    return stanza;
  }

  /** A message the server routed to this phone. */
  receive(deviceId: number, envelope: Envelope): void {
    if (deviceId !== 0) return;
    void this.#signal.run(async () => {
      await this.#on?.promise;
      await this.#read(envelope);
    });
  }

  async #read(envelope: Envelope): Promise<void> {
    const { account, companion } = envelope.sender;
    const peer = companion.peerName;
    this.#peers.add(peer);
    const key = `${account.number}/${envelope.id}`;
    let message: proto.Message;
    try {
      if (this.#copiesToFail > 0) {
        this.#copiesToFail -= 1;
        throw new Error('made unreadable by a test');
      }
      message = await this.#device.decrypt(peer, envelope.ciphertext);
    } catch {
      // The same bytes again need no retry: the text is shown already.
      if (this.#origins.has(key)) this.#receipt(envelope);
      else this.#sendRetryReceipt(key, envelope);
      return;
    }
    this.#receipt(envelope);
    if (this.#origins.has(key)) {
      this.repeats += 1;
      return;
    }
    this.#origins.set(key, { id: envelope.id, sender: envelope.sender, to: envelope.to });
    const text = textOfMessage(message);
    if (text !== undefined) {
      this.show({ id: envelope.id, from: account.jid, text, at: Date.now() });
    }
  }

  /** Shows a text on the screen. */
  show(text: ReceivedText): void {
    this.#screen.show(text);
  }

  #receipt(envelope: Envelope, type?: string): void {
    void envelope.sender.companion.outbox.add(
      node('receipt', { id: envelope.id, from: envelope.to, type, t: unixSeconds() }),
    );
  }

  /** Sends a retry receipt with its count, and with the phone's keys from the second one on. */
  #sendRetryReceipt(key: string, envelope: Envelope): void {
    this.unreadable += 1;
    const count = (this.#requests.get(key) ?? 0) + 1;
    this.#requests.set(key, count);
    if (count > MAX_REQUESTS) return;
    const { companion } = envelope.sender;
    const t = unixSeconds();
    const keys = count > 1 ? [node('keys', {}, bundleNodes(this.#device.bundle()))] : [];
    void companion.outbox.add(
      node('receipt', { id: envelope.id, from: envelope.to, type: 'retry', t }, [
        node('retry', { count: String(count), id: envelope.id, t, v: '1' }),
        node('registration', {}, uintBytes(this.#device.registrationId, 4)),
        ...keys,
      ]),
    );
  }

  switchOff(): void {
    this.#on ??= Promise.withResolvers<void>();
  }

  switchOn(): void {
    this.#on?.resolve();
    this.#on = undefined;
  }

  failToRead(copies: number): void {
    this.#copiesToFail = copies;
  }

  leave(): void {
    this.hasLeft = true;
  }

  withholdKeys(on: boolean): void {
    this.withheld = on;
  }

  async markRead(id: string): Promise<void> {
    const envelope = this.#origins.values().find((origin) => origin.id === id);
    if (!envelope) throw new Error(`this phone received no message ${id}`);
    await envelope.sender.companion.outbox.add(
      node('receipt', { id, from: envelope.to, type: 'read', t: unixSeconds() }),
    );
  }

  nextText(options?: { timeoutMs?: number; where?: (text: ReceivedText) => boolean }): Promise<ReceivedText> {
    return this.#screen.nextText(options);
  }

  waitForCount(count: number, options?: { timeoutMs?: number }): Promise<void> {
    return this.#screen.waitForCount(count, options);
  }

  forgetSessions(): void {
    for (const peer of this.#peers) this.#device.forget(peer);
  }

  #account(account: Account): AccountState {
    const known = this.#directory.accounts.get(account.number);
    if (!known) throw new Error(`no account ${account.number} on this server`);
    return known;
  }
}

/** Resolves when the first companion has acknowledged a message. */
async function waitForFirst(acknowledged: Array<Promise<boolean>>): Promise<void> {
  if (!(await Promise.race(acknowledged)))
    throw new Error('the companion was unlinked before it took the message');
}

function asDelivered(stanza: BinaryNode, { corruptFirst, withoutContent }: SendOptions): BinaryNode {
  if (withoutContent) return { ...stanza, content: [node('unavailable', {})] };
  return corruptFirst ? corrupted(stanza) : stanza;
}
