import type { Account } from '@prosaas/simulators';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCounters } from './counters.ts';
import { type Replica, Stack, SOON } from './harness.ts';

let stack: Stack;
let replica: Replica;
let account: Account;

beforeAll(async () => {
  stack = await Stack.start();
  replica = await stack.replica();
  account = await stack.pair(replica, 'shop');
});
afterAll(() => stack[Symbol.asyncDispose]());

const lost = (): Promise<unknown> => expect.poll(() => account.connected, SOON).toBe(false);

describe('a session whose connection WhatsApp closes', () => {
  test.each([428, 408, 500, 503, 515])('with %i reconnects', async (code) => {
    await replica.admin('POST', '/api/sessions/shop/restart');
    await replica.until('shop', 'WORKING');
    const phone = stack.whatsapp.addPhone();
    stack.whatsapp.closeWith(account, code);
    // At once: too fast to be seen.
    if (code !== 515) await lost();
    await replica.until('shop', 'WORKING', 20_000);
    await phone.sendText(account, `after ${code}`);
    expect(await stack.rows('select 1 from messages where text = $1', [`after ${code}`])).toHaveLength(1);
  });

  test.each([
    [403, 'forbidden'],
    [405, 'client_outdated'],
    [440, 'replaced'],
  ])('with %i fails with the reason %s until it is started again', async (code, reason) => {
    await replica.until('shop', 'WORKING', 20_000);
    stack.whatsapp.closeWith(account, code);
    expect(await replica.until('shop', 'FAILED')).toMatchObject({ reason, wanted: 'started' });
    await expect
      .poll(async () => (await replica.call('GET', '/health', {})).body, SOON)
      .toMatchObject({
        sessions: 0,
      });
    await replica.admin('POST', '/api/sessions/shop/start');
    await replica.until('shop', 'WORKING');
  });

  test('reconnects when WhatsApp accepts connections again', async () => {
    using refusal = { [Symbol.dispose]: () => stack.whatsapp.refuseConnections(false) };
    stack.whatsapp.refuseConnections(true);
    stack.whatsapp.dropConnections();
    await expect.poll(async () => (await replica.session('shop')).reason, SOON).toBe('unreachable');
    refusal[Symbol.dispose]();
    await replica.until('shop', 'WORKING', 20_000);
  });

  test('fails after the phone unlinked it, and shows a QR code when it is started', async () => {
    stack.whatsapp.closeWith(account, 401);
    expect(await replica.until('shop', 'FAILED')).toMatchObject({ reason: 'logged_out' });
    expect(await replica.admin('POST', '/api/sessions/shop/start')).toMatchObject({ status: 200 });
    await replica.until('shop', 'SCAN_QR_CODE');
  });
});

describe('a session whose saved keys are damaged', () => {
  test.each([
    ['damaged', `update whatsapp_credentials set value = value - 'noiseKey' where session_id = $1`],
    ['gone', `delete from whatsapp_credentials where session_id = $1`],
    [
      'gone with all keys',
      `with k as (delete from whatsapp_keys where session_id = $1)
       update whatsapp_credentials set value = 'null' where session_id = $1`,
    ],
  ])('(%s) fails, and is not paired again silently', async (name, sql) => {
    const id = name.replaceAll(' ', '-');
    await stack.pair(replica, id);
    await expect.poll(async () => (await replica.session(id)).phone_number, SOON).not.toBeNull();
    await replica.admin('POST', `/api/sessions/${id}/stop`);
    await stack.rows(sql, [id]);
    await replica.admin('POST', `/api/sessions/${id}/start`);
    expect(await replica.until(id, 'FAILED')).toMatchObject({ reason: 'auth_state_corrupt' });
  });

  test('for one contact only fails, too', async () => {
    const other = await stack.pair(replica, 'one-key');
    const phone = stack.whatsapp.addPhone();
    await phone.sendText(other, 'first');
    await replica.admin('POST', '/api/sessions/one-key/stop');
    await stack.rows(
      `update whatsapp_keys set value = '"x"' where session_id = 'one-key' and type = 'session'`,
    );
    await replica.admin('POST', '/api/sessions/one-key/start');
    await phone.sendText(other, 'second', { awaitDelivery: false });
    expect(await replica.until('one-key', 'FAILED')).toMatchObject({ reason: 'auth_state_corrupt' });
    await expect.poll(async () => (await readCounters(stack)).errors, SOON).toBeGreaterThan(0);
  });
});
