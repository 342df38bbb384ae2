import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startWhatsAppServer } from '../whatsapp/server.ts';
import type { WhatsAppServer } from '../whatsapp/server.ts';
import { TestClient } from '../whatsapp/test-client.ts';
import { startControlServer } from './server.ts';
import type { ControlServer } from './server.ts';
import { whatsappRoutes } from './whatsapp-routes.ts';

let server: WhatsAppServer;
let control: ControlServer;

beforeEach(async () => {
  server = await startWhatsAppServer();
  control = await startControlServer({ routes: whatsappRoutes(server) });
});

afterEach(async () => {
  await control[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

async function call(
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(control.url + path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('control API', () => {
  it('scans, sends and shows what a phone received', async () => {
    const client = new TestClient(server);
    client.connect();
    await client.until(() => client.qr !== undefined, 'a QR text');
    const scanned = await call('POST', '/scan', { qr: client.qr, number: '+1 555 777 0001' });
    expect(scanned).toMatchObject({ status: 201, body: { number: '15557770001', connected: true } });

    const phone = await call('POST', '/phones', { number: '15550009999', pushName: 'Ana' });
    expect(phone).toMatchObject({
      status: 201,
      body: { jid: '15550009999@s.whatsapp.net', pushName: 'Ana' },
    });
    const sent = await call('POST', '/phones/15550009999/send', { account: '15557770001', text: 'hi' });
    expect(sent.status).toBe(202);
    expect(await client.text(String(sent.body.id))).toBe('hi');

    await client.sendText('15550009999@s.whatsapp.net', 'hello Ana');
    await server.phones.get('15550009999')!.waitForCount(1);
    const shown = await call('GET', '/phones/15550009999/messages?after=0');
    expect(shown.body).toMatchObject({ messages: [{ text: 'hello Ana' }], next: 1 });
    expect((await call('GET', '/phones/15550009999/messages?after=1')).body.messages).toEqual([]);
    await client.end();
  });

  it("makes the owner's phone write, and answer by itself", async () => {
    const client = new TestClient(server);
    const account = await client.pair({ number: '15557770002' });
    const phone = server.addPhone();
    const written = await call('POST', '/accounts/15557770002/write', {
      to: phone.number,
      text: 'I take this one',
      sentAt: '2026-01-02T03:04:05Z',
      wait: true,
    });
    expect(written.status).toBe(202);
    await client.until(() => client.messages.some(({ key }) => key.id === written.body.id), 'the copy');
    const copy = client.messages.find(({ key }) => key.id === written.body.id);
    expect(copy).toMatchObject({
      key: { fromMe: true, remoteJid: phone.jid },
      messageTimestamp: Date.parse('2026-01-02T03:04:05Z') / 1000,
    });
    const note = await call('POST', '/accounts/15557770002/write', { to: account.number, text: '1' });
    await client.until(() => client.messages.some(({ key }) => key.id === note.body.id), 'the note');
    expect(client.messages.find(({ key }) => key.id === note.body.id)?.key.remoteJid).toBe(account.jid);

    await call('POST', '/accounts/15557770002/automatic-replies', { greeting: 'Welcome' });
    await phone.sendText(account, 'hi');
    expect((await phone.nextText({ where: ({ text }) => text === 'Welcome' })).from).toBe(account.jid);
    for (const bad of [{ sentAt: 'yesterday' }, { addressing: 'x' }, { to: '1' }, { text: '' }]) {
      const answer = await call('POST', '/accounts/15557770002/write', {
        to: phone.number,
        text: 'x',
        ...bad,
      });
      expect(answer.status).toBe('to' in bad ? 404 : 400);
    }
    await client.end();
  });

  it.each([
    ['GET', '/nothing', undefined, 404],
    ['GET', '/scan', undefined, 405],
    ['POST', '/scan', {}, 400],
    ['POST', '/scan', { qr: 'nonsense' }, 422],
    ['POST', '/phones', { number: 5 }, 400],
    ['POST', '/phones', [], 400],
    ['POST', '/phones/1/send', { account: '1', text: 'x' }, 404],
    ['GET', '/phones/1/messages', undefined, 404],
    ['POST', '/phones/1/leave', {}, 404],
  ])('answers %s %s with a problem', async (method, path, body, status) => {
    const answer = await call(method, path, body);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ type: 'about:blank', status, detail: expect.any(String) });
  });
});

describe('the simulator as a process', () => {
  it('says where it listens and exits 0 on SIGTERM', async () => {
    const main = fileURLToPath(new URL('../main.ts', import.meta.url));
    const child = spawn(process.execPath, [main], {
      env: { ...process.env, WHATSAPP_SIM_PORT: '0', SIM_CONTROL_PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    const lines = createInterface({ input: child.stdout });
    const [line] = (await once(lines, 'line')) as [string];
    const { control: url } = JSON.parse(line) as { control: string };
    const health = await fetch(`${url}/health`);
    expect(await health.json()).toEqual({ status: 'ok' });
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  });
});
