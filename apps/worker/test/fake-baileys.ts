import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Sent {
  key: string;
  session: string;
  chatId: string;
  text: string;
  account?: string;
}

type Fault = number | 'lost' | 'restricted' | undefined;

export interface FakeBaileys extends AsyncDisposable {
  url: string;
  /** Sent messages, each key once, in order. */
  sent: Sent[];
  requests: number;
  /** The fault of a send: an HTTP status, `lost` (sent, then the connection is cut), or `restricted` (the account may start no chats). */
  fault: (message: Sent) => Fault | Promise<Fault>;
  delayMs: number;
}

/** Simulates the baileys service's send endpoint, including its idempotency keys. */
export async function startFakeBaileys(secret = 'the-secret-of-tests'): Promise<FakeBaileys> {
  const known = new Set<string>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      fake.requests += 1;
      const message: Sent = {
        key: String(request.headers['idempotency-key']),
        ...(JSON.parse(Buffer.concat(chunks).toString()) as Omit<Sent, 'key'>),
      };
      const answer = async (): Promise<void> => {
        const fault = request.headers['x-internal-secret'] === secret ? await fake.fault(message) : 401;
        if (typeof fault === 'number' || fault === 'restricted') {
          const [status, code] =
            fault === 'restricted' ? [409, 'NEW_CHATS_RESTRICTED'] : [fault, `FAULT_${fault}`];
          response.writeHead(status, { 'content-type': 'application/problem+json' });
          response.end(JSON.stringify({ status, code }));
          return;
        }
        if (!known.has(message.key)) {
          known.add(message.key);
          fake.sent.push(message);
        }
        if (fault === 'lost') {
          request.socket.destroy();
          return;
        }
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ id: `WA-${message.key}`, status: 'sent' }));
      };
      setTimeout(() => void answer(), fake.delayMs);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const fake: FakeBaileys = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent: [],
    requests: 0,
    fault: () => undefined,
    delayMs: 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return fake;
}
