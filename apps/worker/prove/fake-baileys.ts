import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import type { Random } from '@prosaas/devstack';

export interface Sent {
  key: string;
  chatId: string;
  text: string;
}

/** Prefix of chats whose sends are refused while the ledger says so. */
export const REFUSED = 'refused-';
/** Prefix of chats whose sends fail for a while. */
export const FAILING = 'failing-';
/** Prefix of chats where sending one answer kills the process. */
export const POISONED = 'killed.park-';

/**
 * Simulates the baileys service for one worker, with its idempotency keys. It is sometimes slow, refuses a request, or sends the message and
 * then cuts the connection. It is not killed itself.
 */
export class FakeBaileys implements AsyncDisposable {
  readonly #server: Server;
  readonly #ledger: Ledger;
  readonly #random: Random;
  /** Open requests: while there are any, the worker has an active job. */
  open = 0;

  private constructor(ledger: Ledger, random: Random) {
    this.#ledger = ledger;
    this.#random = random;
    this.#server = createServer((request, response) => void this.#take(request, response));
  }

  static async start(ledger: Ledger, random: Random): Promise<FakeBaileys> {
    const peer = new FakeBaileys(ledger, random);
    await new Promise<void>((resolve) => {
      peer.#server.listen(0, '127.0.0.1', resolve);
    });
    return peer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.open += 1;
    response.once('close', () => (this.open -= 1));
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      // The worker was killed during the request.
      return;
    }
    const { chatId, text } = JSON.parse(Buffer.concat(chunks).toString()) as Omit<Sent, 'key'>;
    const key = String(request.headers['idempotency-key']);
    const random = this.#random;
    await new Promise((resolve) => setTimeout(resolve, random.chance(0.05) ? 200 : random.whole(5, 40)));
    if (chatId.startsWith(REFUSED) && this.#ledger.isRefusing)
      return answer(response, 422, { code: 'CHAT_NOT_FOUND' });
    if (random.chance(0.03) || this.#ledger.isFailing(chatId))
      return answer(response, random.pick([500, 503]), { code: 'TRY_AGAIN' });
    this.#ledger.send({ key, chatId, text });
    // The response is lost although the message was sent.
    if (random.chance(0.03)) return void request.socket.destroy();
    answer(response, 200, { id: `WA-${key}`, status: 'sent' });
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** All sent messages in order, over all workers. Kept outside the processes under test. */
export class Ledger {
  readonly sent: Sent[] = [];
  isRefusing = true;
  readonly #keys = new Set<string>();
  readonly #failsForMs: number;
  readonly #failsUntil = new Map<string, number>();

  constructor({ failsForMs }: { failsForMs: number }) {
    this.#failsForMs = failsForMs;
  }

  isFailing(chatId: string): boolean {
    if (!chatId.startsWith(FAILING)) return false;
    const until = this.#failsUntil.get(chatId) ?? Date.now() + this.#failsForMs;
    this.#failsUntil.set(chatId, until);
    return Date.now() < until;
  }

  send(message: Sent): void {
    if (this.#keys.has(message.key)) return;
    this.#keys.add(message.key);
    this.sent.push(message);
  }
}
