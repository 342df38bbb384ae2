import { randomBytes } from 'node:crypto';

import type { BinaryNode, proto } from '@whiskeysockets/baileys';

import type { AccountState, Envelope } from './account.ts';
import type { Companion } from './companion.ts';
import type { Directory } from './directory.ts';
import { historyNotification } from './history.ts';
import { corrupted, node, unixSeconds } from './nodes.ts';
import { SerialQueue } from './serial-queue.ts';
import { SignalDevice } from './signal-device.ts';
import type { PreKeyBundle } from './signal-device.ts';
import { textOfMessage } from './texts.ts';
import type {
  AutomaticReplies,
  HandsetRecipient,
  HandsetSendOptions,
  OwnPhone,
  Phone,
  SentText,
  WrittenText,
} from './types.ts';

const GROUP_JID = '120363020000000001@g.us';
const MAX_RETRIES = 5;

/** A message of the handset as its companions get it. */
interface Copy {
  readonly message: proto.IMessage;
  readonly attrs: Readonly<Record<string, string | undefined>> & { readonly id: string };
  retries: number;
}

/** The phone of an account: device 0, whose identity signs for the companions. */
export class Handset implements OwnPhone {
  readonly device: SignalDevice;
  /** The texts that it shows as sent by the companions. */
  readonly shown: SentText[] = [];
  readonly #account: AccountState;
  readonly #directory: Directory;
  readonly #written = new Map<string, Copy>();
  readonly #greeted = new Set<string>();
  readonly #received = new Set<string>();
  #automatic: AutomaticReplies = {};
  /** A Signal session allows one operation at a time. */
  readonly #signal = new SerialQueue();

  constructor(account: AccountState, directory: Directory) {
    this.device = new SignalDevice(account.lidUser);
    this.#account = account;
    this.#directory = directory;
  }

  async send(
    to: HandsetRecipient,
    content: string | proto.IMessage,
    options: HandsetSendOptions = {},
  ): Promise<{ id: string }> {
    const id = options.id ?? newId();
    const message = typeof content === 'string' ? { conversation: content } : content;
    const { chat, attrs } = this.#addressesOf(to, options);
    const text = textOfMessage(message);
    if (typeof to === 'object' && text !== undefined) {
      this.#directory.phones.get(to.number)?.show({ id, from: this.#account.jid, text, at: Date.now() });
    }
    const copy: Copy = {
      message: { deviceSentMessage: { destinationJid: chat, message } },
      attrs: {
        ...attrs,
        id,
        type: 'text',
        notify: this.#account.name,
        t: unixSeconds(options.sentAt),
      },
      retries: 0,
    };
    this.#written.set(id, copy);
    const delivered = await this.#deliver(copy, options.corruptFirst ? { change: corrupted } : {});
    if (options.awaitDelivery !== false) await waitForFirst(delivered);
    return { id };
  }

  async redeliver(id: string): Promise<void> {
    const copy = this.#written.get(id);
    if (!copy) throw new Error(`this handset wrote no message ${id}`);
    await waitForFirst(await this.#deliver(copy));
  }

  /** Encrypts message `id` again for a companion that could not read it; in a new session if it sent keys. */
  async retry(companion: Companion, id: string, keys?: PreKeyBundle): Promise<void> {
    const copy = this.#written.get(id);
    if (!copy || ++copy.retries > MAX_RETRIES) return;
    if (keys) {
      await this.#signal.run(() => this.device.startSession(companion.peerName, keys));
    }
    void (await this.#deliver(copy, { companions: [companion] }));
  }

  answerAutomatically(replies: AutomaticReplies): void {
    this.#automatic = replies;
  }

  /** Sends the automatic replies of the WhatsApp Business app to a customer's message, in the same second. */
  async replyTo(phone: Phone): Promise<void> {
    const { greeting, away } = this.#automatic;
    const isFirst = !this.#greeted.has(phone.number);
    this.#greeted.add(phone.number);
    for (const text of [isFirst ? greeting : undefined, away]) {
      if (text !== undefined) await this.send(phone, text, { awaitDelivery: false });
    }
  }

  async shareHistory(texts: readonly WrittenText[]): Promise<void> {
    const conversations = texts.map(({ to, text, sentAt }) => ({
      id: to.jid,
      messages: [
        {
          message: {
            key: { remoteJid: to.jid, fromMe: true, id: newId() },
            message: { conversation: text },
            messageTimestamp: Number(unixSeconds(sentAt)),
          },
        },
      ],
    }));
    const notification = historyNotification('RECENT', conversations);
    const companions = [...this.#account.companions.values()];
    await Promise.all(companions.map((companion) => this.sendPeerMessage(companion, notification)));
  }

  /** Sends a protocol message, such as history, to one companion. */
  async sendPeerMessage(
    companion: Companion,
    protocolMessage: proto.Message.IProtocolMessage,
  ): Promise<void> {
    const attrs = { id: newId(), from: this.#account.jid, type: 'text', category: 'peer', t: unixSeconds() };
    const copy: Copy = { message: { protocolMessage }, attrs, retries: 0 };
    await waitForFirst(await this.#deliver(copy, { companions: [companion] }));
  }

  /** Shows the copy of a message that a companion sent. */
  receive({ id, sender: { companion }, to, ciphertext }: Envelope): void {
    void this.#signal.run(async () => {
      // A copy that can't be decrypted is not shown: only phones send retry receipts here.
      const message = await this.device.decrypt(companion.peerName, ciphertext).catch(() => undefined);
      const copy = message?.deviceSentMessage;
      const text = copy?.message ? textOfMessage(copy.message) : undefined;
      if (text === undefined || this.#received.has(id)) return;
      this.#received.add(id);
      const destination = copy?.destinationJid ?? to;
      this.shown.push({ id, from: this.#account.jid, to: destination, text, at: Date.now() });
    });
  }

  /** The attributes of a copy that name the chat, and the alternate address that the server adds. */
  #addressesOf(
    to: HandsetRecipient,
    { addressing = 'pn', alternate = 'recipient' }: HandsetSendOptions,
  ): { chat: string; attrs: Record<string, string | undefined> } {
    const byLid = addressing === 'lid';
    const own = this.#account;
    const from = byLid ? own.lid : own.jid;
    if (to === 'group') return { chat: GROUP_JID, attrs: { from: GROUP_JID, participant: from } };
    const { jid, lid } = to === 'self' ? own : to;
    const chat = byLid ? lid : jid;
    const attrs = {
      from,
      recipient: chat,
      addressing_mode: byLid ? 'lid' : undefined,
      ...(alternate === 'recipient' && (byLid ? { peer_recipient_pn: jid } : { peer_recipient_lid: lid })),
      ...(alternate === 'own' && (byLid ? { sender_pn: own.jid } : { sender_lid: own.lid })),
    };
    return { chat, attrs };
  }

  /** Adds it to the outbox of each companion. Each returned promise resolves when its companion has acknowledged it. */
  async #deliver(
    { message, attrs, retries }: Copy,
    options: { companions?: Companion[]; change?: (stanza: BinaryNode) => BinaryNode } = {},
  ): Promise<Array<Promise<boolean>>> {
    const { companions = [...this.#account.companions.values()], change = (stanza) => stanza } = options;
    const count = retries > 0 ? String(retries) : undefined;
    return await this.#signal.run(async () => {
      const acknowledged: Array<Promise<boolean>> = [];
      for (const companion of companions) {
        const name = companion.peerName;
        const { type, bytes } = await this.device.encrypt(name, message, () => companion.bundle());
        const stanza = node('message', attrs, [node('enc', { v: '2', type, count }, bytes)]);
        acknowledged.push(companion.outbox.add(change(stanza)));
      }
      return acknowledged;
    });
  }
}

const newId = (): string => `3A${randomBytes(9).toString('hex').toUpperCase()}`;

/** Resolves when the first companion has acknowledged a message; at once without companions. */
async function waitForFirst(acknowledged: Array<Promise<boolean>>): Promise<void> {
  if (acknowledged.length > 0) await Promise.race(acknowledged);
}
