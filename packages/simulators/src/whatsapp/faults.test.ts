import { DisconnectReason } from '@whiskeysockets/baileys';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';

import { frame, INTRO } from './frames.ts';
import { startWhatsAppServer } from './server.ts';
import type { WhatsAppServer } from './server.ts';
import { TestClient } from './test-client.ts';

let server: WhatsAppServer;
let client: TestClient;

beforeEach(async () => {
  server = await startWhatsAppServer();
  client = new TestClient(server);
});

afterEach(async () => {
  await client.end();
  await server[Symbol.asyncDispose]();
});

async function violations(): Promise<string[]> {
  await client.until(() => server.violations.length > 0, 'a violation');
  return server.violations.map(({ message }) => message);
}

describe('ends of a connection', () => {
  it.each([
    [401, DisconnectReason.loggedOut],
    [403, DisconnectReason.forbidden],
    [405, 405],
    [408, DisconnectReason.timedOut],
    [411, DisconnectReason.multideviceMismatch],
    [428, DisconnectReason.connectionClosed],
    [440, DisconnectReason.connectionReplaced],
    [500, DisconnectReason.badSession],
    [503, DisconnectReason.unavailableService],
  ])('closeWith %i is that reason at the client', async (code, reason) => {
    const account = await client.pair();
    server.closeWith(account, code);
    await client.until(() => client.closeCodes.length === 2, 'the close');
    expect(client.closeCodes).toEqual([515, reason]);
  });

  it('closeWith 515 makes the client log in again', async () => {
    const account = await client.pair();
    server.closeWith(account, 515);
    await client.until(() => client.closeCodes.length === 2 && client.isOpen, 'open again');
    expect(client.closeCodes).toEqual([515, 515]);
  });

  it('an account that unlinked the companion refuses its login with 401', async () => {
    const account = await client.pair();
    server.closeWith(account, 401);
    await client.until(() => client.closeCodes.length === 2, 'the close');
    client.connect();
    await client.until(() => client.closeCodes.length === 3, 'the refusal');
    expect(client.closeCodes.at(-1)).toBe(401);
  });

  it('gives up on messages for a companion that is unlinked', async () => {
    const account = await client.pair();
    await client.until(() => account.pending === 0, 'the greeting acknowledged');
    server.silence(account, true);
    const sending = server.addPhone().sendText(account, 'too late');
    await client.until(() => account.pending === 1, 'the message waits');
    server.closeWith(account, 401);
    await expect(sending).rejects.toThrow('unlinked');
  });

  it('a client that logs out is no companion any more', async () => {
    const account = await client.pair();
    await client.socket!.logout();
    await client.until(() => !account.connected, 'unlinked');
    await expect(server.addPhone().sendText(account, 'x')).rejects.toThrow('no device is linked');
  });

  it('refuses logins until this is undone', async () => {
    const account = await client.pair();
    server.refuseLogins(account, 405);
    server.dropConnections();
    await client.until(() => client.closeCodes.length === 2, 'the cut');
    client.connect();
    await client.until(() => client.closeCodes.length === 3, 'the refusal');
    expect(client.closeCodes).toEqual([515, 428, 405]);
    server.refuseLogins(account);
    await client.reconnect();
  });

  it('a second login of the same companion replaces the first', async () => {
    await client.pair();
    const first = client.socket!;
    client.connect();
    await client.until(() => client.closeCodes.includes(440), 'the first replaced');
    expect(client.socket).not.toBe(first);
  });

  it('resets new connections while they are refused', async () => {
    server.refuseConnections(true);
    client.connect();
    await client.until(() => client.closeCodes.length === 1, 'the refusal');
    expect(client.closeCodes).toEqual([408]);
    server.refuseConnections(false);
    client.connect();
    await client.until(() => client.qr !== undefined, 'a QR text');
  });

  it('answers an upgrade with the status given', async () => {
    server.refuseConnections(true, { status: 503 });
    const socket = new WebSocket(server.url);
    const error = await new Promise<Error>((resolve) => socket.on('error', resolve));
    expect(error.message).toContain('503');
  });
});

describe('silence', () => {
  it('is a session that stays open, answers and delivers nothing', async () => {
    const account = await client.pair();
    const phone = server.addPhone();
    await client.until(() => account.pending === 0, 'the greeting acknowledged');
    server.silence(account, true);
    const { id } = await phone.sendText(account, 'anybody?', { awaitDelivery: false });
    await client.socket!.fetchPrivacySettings(true);
    expect(account.pending).toBe(1);
    expect(client.texts).toEqual([]);
    server.silence(account, false);
    expect(await client.text(id)).toBe('anybody?');
  });

  it('ends when the client logs in again', async () => {
    const account = await client.pair();
    server.silence(account, true);
    const { id } = await server.addPhone().sendText(account, 'hello?', { awaitDelivery: false });
    server.dropConnections(account);
    await client.until(() => client.closeCodes.length === 2, 'the cut');
    await client.reconnect();
    expect(await client.text(id)).toBe('hello?');
  });

  it('without answers looks like a lost connection', async () => {
    await client.end();
    client = new TestClient(server, { keepAliveIntervalMs: 50 });
    const account = await client.pair();
    // The client allows five seconds over its interval.
    server.silence(account, true, { answerQueries: false });
    await client.until(() => client.closeCodes.length === 2, 'the client gives up', 20_000);
    expect(client.closeCodes).toEqual([515, DisconnectReason.connectionLost]);
  });
});

describe('withheld acks', () => {
  it('leave when they are no longer withheld', async () => {
    const account = await client.pair();
    const phone = server.addPhone();
    server.withholdAcks(account, true);
    const id = await client.sendText(phone.jid, 'did it arrive?');
    await phone.nextText();
    await client.delivered(id);
    expect(client.acks).toEqual([]);
    server.withholdAcks(account, false);
    await client.acked(id);
  });
});

describe('a client that breaks the protocol', () => {
  it('is found out by the signature of its prekey', async () => {
    client.auth.creds.signedPreKey.signature[10]! ^= 1;
    client.connect();
    expect(await violations()).toEqual(['registration: the signature of the signed prekey does not verify']);
  });

  it('is found out by a Noise key that is not the one it was paired with', async () => {
    await client.pair();
    await client.end();
    const { noiseKey } = new TestClient(server).auth.creds;
    Object.assign(client.auth.creds, { noiseKey });
    client.connect();
    expect(await violations()).toEqual(['login with the key of another device']);
  });

  it('does not complete a pairing whose secret it does not share', async () => {
    client.connect();
    await client.until(() => client.qr !== undefined, 'a QR text');
    const [ref, noise, identity, , platform] = client.qr!.split(',');
    const secret = Buffer.alloc(32).toString('base64');
    await expect(server.scanQr([ref, noise, identity, secret, platform].join(','))).rejects.toThrow(
      'went away',
    );
  });

  it.each([
    ['no intro', Buffer.from('GET / HTTP/1.1')],
    ['a hello that is no protobuf', Buffer.concat([INTRO, frame(Buffer.from([0xff, 0xff]))])],
    ['a hello without a key', Buffer.concat([INTRO, frame(Buffer.alloc(0))])],
  ])('is cut off: %s', async (_, bytes) => {
    const socket = new WebSocket(server.url);
    const gone = new Promise((resolve) => socket.on('close', resolve));
    socket.on('open', () => socket.send(bytes));
    await gone;
    expect(server.violations).toHaveLength(1);
  });
});
