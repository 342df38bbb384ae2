import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KEYS, type Replica, Stack, qrOf, SOON } from './harness.ts';

let stack: Stack;
let replica: Replica;

beforeAll(async () => {
  stack = await Stack.start();
  replica = await stack.replica();
});
afterAll(() => stack[Symbol.asyncDispose]());

describe('pairing', () => {
  test('a session shows a QR code and works once it is scanned', async () => {
    const account = await stack.pair(replica, 'shop');
    expect(await replica.session('shop')).toMatchObject({
      status: 'WORKING',
      reason: null,
      wanted: 'started',
    });
    await expect.poll(async () => (await replica.session('shop')).phone_number, SOON).toBe(account.number);
    expect(stack.whatsapp.violations).toEqual([]);
    await expect
      .poll(async () => (await replica.call('GET', '/health', {})).body, SOON)
      .toEqual({
        status: 'ok',
        sessions: 1,
      });
  });

  test('the QR code is served as PNG, JSON and text, and not cached', async () => {
    await replica.admin('POST', '/api/sessions', { id: 'forms' });
    const text = await qrOf(replica, 'forms');
    const picture = await replica.admin('GET', '/api/forms/auth/qr');
    expect(picture.headers.get('content-type')).toBe('image/png');
    expect(picture.headers.get('cache-control')).toBe('no-store');
    const json = await replica.call<{ value: string; mimetype: string; data: string }>(
      'GET',
      '/api/forms/auth/qr',
      { 'x-api-key': KEYS.ADMIN_KEY, accept: 'application/json' },
    );
    expect(json.body).toMatchObject({ value: text, mimetype: 'image/png' });
    expect(Buffer.from(json.body.data, 'base64').subarray(1, 4).toString()).toBe('PNG');
  });

  test('a working session has no QR code', async () => {
    const { status, body } = await replica.admin('GET', '/api/shop/auth/qr');
    expect(status).toBe(409);
    expect(body).toMatchObject({ code: 'QR_NOT_AVAILABLE' });
  });

  test('a paired session needs no QR code after a restart of the service', async () => {
    await replica[Symbol.asyncDispose]();
    replica = await stack.replica();
    expect(await replica.until('shop', 'WORKING')).toMatchObject({ reason: null });
  });

  test('stop and start keep the pairing; logout ends it, and a start then shows a QR code', async () => {
    expect((await replica.admin('POST', '/api/sessions/shop/stop')).body).toMatchObject({
      status: 'STOPPED',
    });
    expect((await replica.admin('POST', '/api/sessions/shop/start')).status).toBe(200);
    await replica.until('shop', 'WORKING');
    expect((await replica.admin('POST', '/api/sessions/shop/restart')).status).toBe(200);
    await replica.until('shop', 'WORKING');
    expect((await replica.admin('POST', '/api/sessions/shop/logout')).body).toMatchObject({
      status: 'STOPPED',
      phone_number: null,
    });
    await replica.admin('POST', '/api/sessions/shop/start');
    await stack.whatsapp.scanQr(await qrOf(replica, 'shop'));
    await replica.until('shop', 'WORKING');
  });

  test('a deleted session is gone', async () => {
    expect((await replica.admin('DELETE', '/api/sessions/forms')).status).toBe(204);
    expect((await replica.admin('GET', '/api/sessions/forms')).status).toBe(404);
  });
});

test('unscanned QR codes are renewed, then the session fails until it is started again', async () => {
  const hasty = await stack.replica({ qrMs: 30 });
  await replica[Symbol.asyncDispose]();
  await hasty.admin('POST', '/api/sessions', { id: 'late' });
  const first = await qrOf(hasty, 'late');
  await expect.poll(() => qrOf(hasty, 'late'), SOON).not.toBe(first);
  expect(await hasty.until('late', 'FAILED')).toMatchObject({ reason: 'qr_timeout' });
  await hasty.admin('POST', '/api/sessions/late/start');
  await qrOf(hasty, 'late');
});
