import { once } from 'node:events';
import { type RequestListener, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { SenderAway, createBaileysClient } from './baileys-client.ts';

const servers: Server[] = [];

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

test.each([301, 302, 303, 307, 308])(
  'does not follow a %i, which would send the secret elsewhere',
  async (status) => {
    let followed = 0;
    const elsewhere = await serve((_request, response) => {
      followed += 1;
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"1"}');
    });
    const url = await serve((_request, response) => {
      response.writeHead(status, { location: `${elsewhere}/api/sendText` }).end();
    });
    const { sendText } = createBaileysClient({ url, secret: () => 'internal' });
    const message = {
      key: 'k',
      session: 's',
      chatId: '1',
      text: 'x',
      account: null,
      signal: AbortSignal.timeout(10_000),
    };
    await expect(sendText(message)).rejects.toThrow(SenderAway);
    expect(followed).toBe(0);
  },
);
