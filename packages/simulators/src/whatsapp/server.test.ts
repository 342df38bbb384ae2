import assert from 'node:assert/strict';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startWhatsAppServer } from './server.ts';
import type { WhatsAppServer } from './server.ts';
import { TestClient } from './test-client.ts';

let server: WhatsAppServer;
let clients: TestClient[];

beforeEach(async () => {
  server = await startWhatsAppServer();
  clients = [];
});

afterEach(async () => {
  for (const client of clients) await client.end();
  await server[Symbol.asyncDispose]();
  // Whatever a test is about, the client keeps to the protocol and asks nothing the server cannot answer.
  assert.deepEqual(server.violations, []);
  assert.deepEqual(server.unhandled, []);
});

function newClient(config?: ConstructorParameters<typeof TestClient>[1]): TestClient {
  const client = new TestClient(server, config);
  clients.push(client);
  return client;
}

describe('pairing', () => {
  it('pairs by QR, restarts with 515 and logs in as a companion', async () => {
    const client = newClient();
    const account = await client.pair({ number: '15551230000' });
    expect(client.closeCodes).toEqual([515]);
    expect(client.auth.creds.me?.id).toBe('15551230000:1@s.whatsapp.net');
    expect(client.auth.creds.me?.lid).toBe(account.lid.replace('@', ':1@'));
    expect(server.accounts.get('15551230000')).toBe(account);
    expect(account.connected).toBe(true);
  });
});

describe('messages', () => {
  it('carries texts both ways, with ack and delivery receipt', async () => {
    const client = newClient();
    const account = await client.pair();
    const phone = server.addPhone({ pushName: 'Ana' });

    const { id } = await phone.sendText(account, 'hello');
    expect(await client.text(id)).toBe('hello');
    expect(client.messages.find(({ key }) => key.id === id)?.pushName).toBe('Ana');

    const reply = await client.sendText(phone.jid, 'hi Ana');
    await client.acked(reply);
    expect(await phone.nextText()).toMatchObject({ id: reply, text: 'hi Ana', from: account.jid });
    await client.delivered(reply);
  });
});
