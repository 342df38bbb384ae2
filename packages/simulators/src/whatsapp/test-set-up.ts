import assert from 'node:assert/strict';
import { afterEach, beforeEach } from 'vitest';
import { type WhatsAppServer, startWhatsAppServer } from './server.ts';
import { TestClient } from './test-client.ts';

/** The server of the running test. */
export let server: WhatsAppServer;
let clients: TestClient[];

/** Each test of a file gets a server of its own. Its clients keep to the protocol and ask nothing that the server cannot answer. */
export function useServer(): void {
  beforeEach(async () => {
    server = await startWhatsAppServer();
    clients = [];
  });
  afterEach(async () => {
    for (const client of clients) await client.end();
    await server[Symbol.asyncDispose]();
    assert.deepEqual(server.violations, []);
    assert.deepEqual(server.unhandled, []);
  });
}

/** A client that is ended after the test. */
export function newClient(config?: ConstructorParameters<typeof TestClient>[1]): TestClient {
  const client = new TestClient(server, config);
  clients.push(client);
  return client;
}
