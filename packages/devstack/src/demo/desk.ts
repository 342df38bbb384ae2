import { poll } from '../poll.ts';
import { Unanswered, askHttp } from './ask-http.ts';
import type { FoundStack } from './find-stack.ts';
import { type Customer, business } from './script.ts';

const WAIT_MS = 60_000;

/** The person who answers in the demo: an owner, because staff may not give back a chat that the owner answered from her phone. */
const helper = { name: 'Dana (demo)', role: 'owner' };

interface Message {
  id: string;
  status: string;
  error: string | null;
}

/** What people of the business do over REST. */
export class Desk {
  readonly #api: string;
  readonly #baileys: string;
  readonly #adminKey: string;
  readonly #key: string;

  private constructor(stack: FoundStack, adminKey: string, key: string) {
    this.#api = stack.api;
    this.#baileys = stack.baileys;
    this.#adminKey = adminKey;
    this.#key = key;
  }

  /** Creates the demo's person, or a new key for her if an earlier run created her. */
  static async open(stack: FoundStack): Promise<Desk> {
    const key = stack.keys['ADMIN_KEY'] ?? '';
    const people = `${stack.api}/api/people`;
    const { items } = await askHttp<{ items: { id: string; name: string }[] }>(`${people}?limit=200`, {
      key,
    });
    const found = items.find(({ name }) => name === helper.name);
    const shown = found
      ? await askHttp<{ key: string }>(`${people}/${found.id}/key`, { key, method: 'POST' })
      : await askHttp<{ key: string }>(people, { key, body: helper });
    const desk = new Desk(stack, key, shown.key);
    await desk.#giveBackAbandonedChats();
    return desk;
  }

  async takeOver(customer: Customer): Promise<void> {
    await this.#order(await this.#conversationOf(customer), 'take-over');
  }

  async giveBack(customer: Customer): Promise<void> {
    await this.#order(await this.#conversationOf(customer), 'give-back');
  }

  async write(customer: Customer, text: string): Promise<void> {
    await this.#send(await this.#conversationOf(customer), text, 'person');
  }

  /** Sends a message as a program to a number without WhatsApp. Returns the error of the message. */
  async remindInVain(customer: Customer, text: string): Promise<string> {
    const chat = (await this.#find(customer)) ?? (await this.#openChat(customer, text));
    await this.#deleteDeadLetters(chat);
    const { id } = await this.#send(chat, text, 'program');
    const { error } = await poll(
      async () => {
        const message = await this.#read<Message>(`/api/messages/${id}`);
        return message.status === 'failed' && message;
      },
      { timeoutMs: WAIT_MS, everyMs: 500, what: 'the message to fail' },
    );
    return error ?? '';
  }

  /** Gives back the chats of an earlier run that was interrupted. */
  async #giveBackAbandonedChats(): Promise<void> {
    const { items } = await this.#read<{ items: { id: string }[] }>(
      `/api/conversations?session=${business.session}&state=waiting,person&limit=200`,
    );
    for (const { id } of items) await this.#order(id, 'give-back');
  }

  async #conversationOf(customer: Customer): Promise<string> {
    return poll(() => this.#find(customer), { timeoutMs: WAIT_MS, everyMs: 250, what: 'the conversation' });
  }

  async #find({ number }: Customer): Promise<string | undefined> {
    const { items } = await this.#read<{ items: { id: string }[] }>(
      `/api/conversations?session=${business.session}&contact=${number}&limit=1`,
    );
    return items[0]?.id;
  }

  /** Opens a conversation with a first text, which need not arrive. */
  async #openChat(customer: Customer, text: string): Promise<string> {
    const body = { session: business.session, chatId: customer.number, text };
    await askHttp(`${this.#baileys}/api/sendText`, { key: this.#adminKey, body }).catch((error: unknown) => {
      if (!(error instanceof Unanswered && error.status === 422)) throw error;
    });
    return this.#conversationOf(customer);
  }

  /** Deletes the dead letters of a chat, so that they do not pile up. */
  async #deleteDeadLetters(conversation: string): Promise<void> {
    const { items: messages } = await this.#read<{ items: Message[] }>(
      `/api/conversations/${conversation}/messages?limit=200`,
    );
    const ours = new Set(messages.map(({ id }) => id));
    const { items } = await this.#read<{ items: { id: string; message_id: string | null }[] }>(
      '/api/jobs/dead-letter?queue=outbound-messages&limit=200',
    );
    for (const { id, message_id } of items) {
      if (message_id === null || !ours.has(message_id)) continue;
      await askHttp(`${this.#api}/api/jobs/dead-letter/${id}`, { key: this.#adminKey, method: 'DELETE' });
    }
  }

  async #send(conversation: string, text: string, as: 'person' | 'program'): Promise<Message> {
    const body = { conversation_id: conversation, text, as };
    return askHttp<Message>(`${this.#api}/api/messages`, { key: this.#key, body });
  }

  async #order(conversation: string, order: 'take-over' | 'give-back'): Promise<void> {
    const url = `${this.#api}/api/conversations/${conversation}/${order}`;
    await askHttp(url, { key: this.#key, method: 'POST' });
  }

  async #read<T>(path: string): Promise<T> {
    return askHttp<T>(this.#api + path, { key: this.#key });
  }
}
