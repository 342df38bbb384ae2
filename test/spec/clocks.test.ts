import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadProfile } from '@prosaas/agentkit';
import { type ServiceName, type Stack, serviceNames } from '@prosaas/devstack';
import {
  type Account,
  type Phone,
  type WhatsAppServer,
  startWhatsAppServer,
  whatsappTrustPreload,
} from '@prosaas/simulators';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ask, bearer } from './support/ask.ts';
import { isStatus, outputOf, startQuickStack, until } from './support/stack.ts';

const hour = 3_600_000;
const minute = 60_000;

const resources = new AsyncDisposableStack();
let clocks: string;
let whatsapp: WhatsAppServer;
let stack: Stack;
let account: Account;

/** Sets by how much a service's clock is wrong. */
const setClock = (service: ServiceName, ms: number): Promise<void> =>
  writeFile(join(clocks, service), String(ms));

beforeAll(async () => {
  clocks = resources.use(await mkdtempDisposable(join(tmpdir(), 'clocks-'))).path;
  await Promise.all(serviceNames.map((service) => setClock(service, 0)));
  // The worker's clock is wrong from its start. The other clocks jump while their services run.
  await setClock('worker', hour);
  whatsapp = resources.use(await startWhatsAppServer());
  const preload = new URL('./support/wrong-clock.ts', import.meta.url).href;
  stack = resources.use(
    await startQuickStack({
      env: {
        WRONG_CLOCKS: clocks,
        NODE_OPTIONS: `--import ${whatsappTrustPreload.href} --import ${preload}`,
        WHATSAPP_WS_URL: whatsapp.url,
        WORKER_HEARTBEAT_SECONDS: '1',
      },
    }),
  );
  account = await pair();
}, 120_000);
afterAll(() => resources.disposeAsync());
beforeEach(({ onTestFailed }) => onTestFailed(() => console.log(outputOf(stack))));

test('a worker whose clock is an hour fast reports it, and its metrics are correct', async () => {
  await until(`${stack.url.api}/api/health?verbose`, ({ text }) => /workers ok.*clock_off/.test(text));
  await expectAnswer(whatsapp.addPhone());
  const { text } = await ask(`${stack.url.api}/metrics`, bearer(stack.keys.metricsToken));
  const sums = [...text.matchAll(/^prosaas_queue_job_(?:wait|run)_seconds_sum\S* (\S+)/gm)].map(([, sum]) =>
    Number(sum),
  );
  expect(sums.length).toBeGreaterThan(0);
  expect(Math.max(...sums)).toBeLessThan(60);
  expect(await aheadBy()).toEqual([expect.closeTo(3600, -1)]);
  // The clock jumps back by an hour while the worker runs.
  await setClock('worker', 0);
  await until(`${stack.url.api}/api/health?verbose`, ({ text: now }) => !now.includes('clock_off'));
  await expectAnswer(whatsapp.addPhone());
});

test.each([
  { ms: hour, seconds: 3600 },
  { ms: -10 * minute, seconds: -600 },
])(
  'an api whose clock jumps by $seconds s reports it, and reports nothing as late or stuck',
  async ({ ms, seconds }) => {
    await setClock('api', ms);
    await until(`${stack.url.api}/api/health?verbose`, ({ text }) =>
      ['database', 'redis'].every((check) => new RegExp(`${check} ok.*clock_off`).test(text)),
    );
    const { text } = await ask(`${stack.url.api}/api/health?verbose`);
    expect(text.match(/late|stuck|run_failed|dead_letter_filling|stale/g)).toBeNull();
    expect(await aheadBy()).toEqual([expect.closeTo(seconds, -1), expect.closeTo(seconds, -1)]);
    await expectAnswer(whatsapp.addPhone());
    await setClock('api', 0);
    await until(`${stack.url.api}/api/health?verbose`, ({ text: now }) => !now.includes('clock_off'));
  },
);

test('a baileys service whose clock jumps back reports it, and messages go both ways', async () => {
  await setClock('baileys', -10 * minute);
  await until(`${stack.url.baileys}/health?verbose`, ({ text }) => /database ok.*clock_off/.test(text));
  await expectAnswer(whatsapp.addPhone());
  await setClock('baileys', 0);
});

/** By how many seconds clocks are ahead, as the api's checks report it. */
async function aheadBy(): Promise<number[]> {
  const { text } = await ask(`${stack.url.api}/api/health`, {
    headers: { accept: 'application/health+json' },
  });
  return [...text.matchAll(/"clock_ahead_seconds":\[?(-?[\d.]+)/g)].map(([, ahead]) => Number(ahead));
}

/** Asks a question as a customer and expects the profile's answer. */
async function expectAnswer(phone: Phone): Promise<void> {
  const { faq } = await loadProfile();
  await phone.sendText(account, faq[0]!.question);
  const { text } = await phone.nextText({ timeoutMs: 30_000 });
  expect(text).toContain(faq[0]!.answer);
}

async function pair(): Promise<Account> {
  const admin = { 'x-api-key': stack.keys.adminKey, 'content-type': 'application/json' };
  const body = JSON.stringify({ name: 'front-desk' });
  const created = await fetch(`${stack.url.baileys}/api/sessions`, { method: 'POST', headers: admin, body });
  expect(created.status).toBe(201);
  const url = `${stack.url.baileys}/api/front-desk/auth/qr?format=raw`;
  const { text } = await until(url, isStatus(200), { init: { headers: admin }, what: 'the QR code' });
  return whatsapp.scanQr(text);
}
