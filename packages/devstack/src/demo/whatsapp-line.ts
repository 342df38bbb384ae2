import { poll } from '../poll.ts';
import { Unanswered, askHttp } from './ask-http.ts';
import type { FoundStack } from './find-stack.ts';
import { type Customer, business } from './script.ts';

const READY_MS = 60_000;
const ANSWER_MS = 20_000;

/** The demo's WhatsApp session and the simulated phones at its other end. */
export class WhatsAppLine {
  readonly #stack: FoundStack;
  readonly #adminKey: string;
  readonly #stopped: AbortSignal;
  #isLinked = false;

  constructor(stack: FoundStack, stopped: AbortSignal) {
    this.#stack = stack;
    this.#adminKey = stack.keys['ADMIN_KEY'] ?? '';
    this.#stopped = stopped;
  }

  get isLinked(): boolean {
    return this.#isLinked;
  }

  /** Uses the session if it works, otherwise creates or starts it and scans its QR code. Returns whether a code was scanned. */
  async pair(): Promise<boolean> {
    const { baileys } = this.#stack;
    const admin = { key: this.#adminKey };
    const found = await this.#state();
    if (found === undefined) {
      await askHttp(`${baileys}/api/sessions`, { ...admin, body: { name: business.session } });
    } else if (!(await this.#works())) {
      // A restarted simulator does not know a pairing that the session still has.
      if (found === 'WORKING') await this.#order('logout');
      await this.#order('start');
    }
    const qr = await poll(
      async () =>
        (await this.#works())
          ? 'none'
          : askHttp<string>(`${baileys}/api/${business.session}/auth/qr?format=raw`, admin),
      { timeoutMs: READY_MS, everyMs: 500, what: 'the QR code' },
    );
    if (qr !== 'none') await this.#play('/scan', { qr, number: business.number });
    await poll(() => this.#works(), { timeoutMs: READY_MS, everyMs: 250, what: 'the session to work' });
    this.#isLinked = true;
    return qr !== 'none';
  }

  /** The phone of the account unlinks the session. */
  async unlink(): Promise<void> {
    this.#isLinked = false;
    await this.#play(`/accounts/${business.number}/close`, { code: 401 });
  }

  /** Gives a customer a phone with WhatsApp if there is none. With `hasLeft`, the customer leaves WhatsApp again. */
  async addPhone({ name, number }: Customer, { hasLeft = false }: { hasLeft?: boolean } = {}): Promise<void> {
    try {
      await this.#play('/phones', { number, pushName: name });
    } catch (error) {
      if (!(error instanceof Unanswered && error.status === 409)) throw error;
    }
    if (hasLeft) await this.#play(`/phones/${number}/leave`, {});
  }

  /** Sends a message of the customer. With `awaitAnswer`, returns the answers, or none if none arrived within `ANSWER_MS`. */
  async write(
    customer: Customer,
    text: string,
    { awaitAnswer }: { awaitAnswer: boolean },
  ): Promise<string[]> {
    await this.addPhone(customer);
    const { simulator } = this.#stack;
    const messages = `${simulator}/phones/${customer.number}/messages`;
    const { next } = await askHttp<{ next: number }>(messages);
    await this.#play(`/phones/${customer.number}/send`, { account: business.number, text, wait: true });
    if (!awaitAnswer) return [];
    const deadline = performance.now() + ANSWER_MS;
    return poll(
      async () => {
        const answer = await askHttp<{ messages: { text: string }[] }>(`${messages}?after=${next}`);
        const texts = answer.messages.map((message) => message.text);
        return (texts.length > 0 || performance.now() > deadline || this.#stopped.aborted) && texts;
      },
      { timeoutMs: 2 * ANSWER_MS, everyMs: 150, what: 'the answer' },
    );
  }

  /** The owner writes from the phone of the account. */
  async writeAsOwner(customer: Customer, text: string): Promise<void> {
    await this.linked();
    await this.#play(`/accounts/${business.number}/write`, { to: customer.number, text, wait: true });
  }

  /** Waits until the session is linked, because WhatsApp accepts no message for an unlinked one. */
  async linked(): Promise<void> {
    await poll(() => this.#isLinked || this.#stopped.aborted, {
      timeoutMs: READY_MS,
      what: 'WhatsApp to be linked',
    });
    this.#stopped.throwIfAborted();
  }

  async #state(): Promise<string | undefined> {
    try {
      const url = `${this.#stack.baileys}/api/sessions/${business.session}`;
      return (await askHttp<{ status: string }>(url, { key: this.#adminKey })).status;
    } catch (error) {
      if (error instanceof Unanswered && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Whether the simulator and the baileys service both report a working session. */
  async #works(): Promise<boolean> {
    const { accounts } = await askHttp<{ accounts: { number: string; connected: boolean }[] }>(
      `${this.#stack.simulator}/accounts`,
    );
    const isConnected = accounts.some((account) => account.number === business.number && account.connected);
    return isConnected && (await this.#state()) === 'WORKING';
  }

  async #order(action: 'start' | 'logout'): Promise<void> {
    const url = `${this.#stack.baileys}/api/sessions/${business.session}/${action}`;
    await askHttp(url, { key: this.#adminKey, method: 'POST' });
  }

  async #play(path: string, body: Record<string, unknown>): Promise<void> {
    await askHttp(`${this.#stack.simulator}${path}`, { body });
  }
}
