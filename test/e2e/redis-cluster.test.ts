import { loadProfile } from '@prosaas/agentkit';
import { type RedisCluster, type Stack, poll, startRedisCluster, startStack } from '@prosaas/devstack';
import {
  type Account,
  type Phone,
  type WhatsAppServer,
  startWhatsAppServer,
  whatsappTrustPreload,
} from '@prosaas/simulators';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ask, bearer } from '../spec/support/ask.ts';
import { redisOf } from '../spec/support/redis.ts';
import { isStatus, outputOf, until } from '../spec/support/stack.ts';

// Tests on a cluster of three nodes that run in order. The last one kills the node that has all keys.

const resources = new AsyncDisposableStack();
let cluster: RedisCluster;
let whatsapp: WhatsAppServer;
let stack: Stack;
let account: Account;
let phone: Phone;

beforeAll(async () => {
  cluster = resources.use(await startRedisCluster({ key: '{prosaas}', replica: true }));
  whatsapp = resources.use(await startWhatsAppServer());
  stack = resources.use(
    await startStack({
      redisUrl: cluster.url,
      env: {
        WHATSAPP_WS_URL: whatsapp.url,
        NODE_OPTIONS: `--import ${whatsappTrustPreload.href}`,
        DRAIN_SECONDS: '0',
        WORKER_HEARTBEAT_SECONDS: '1',
      },
    }),
  );
  account = await pair('front-desk');
  phone = whatsapp.addPhone();
});
afterAll(() => resources.disposeAsync());
beforeEach(({ onTestFailed }) => onTestFailed(() => console.log(outputOf(stack))));

interface Metrics {
  counters: Record<string, number>;
  complete: boolean;
}

async function metricsAtRest(messages: number): Promise<Record<string, number>> {
  const { body } = await until(
    `${stack.url.api}/metrics.json?verbose`,
    (answer) => {
      const { counters, complete } = answer.body as unknown as Metrics;
      return (
        complete &&
        counters['whatsapp_outbound_messages'] === messages &&
        // A job completes after its message is counted as sent.
        counters['queue_jobs_completed'] === counters['queue_jobs_enqueued']
      );
    },
    { init: bearer(stack.keys.metricsToken), what: `${messages} messages in the metrics`, timeoutMs: 60_000 },
  );
  return (body as unknown as Metrics).counters;
}

async function expectAnswered(count: number): Promise<void> {
  const { faq } = await loadProfile(undefined);
  const entry = faq[count % faq.length];
  await phone.sendText(account, entry?.question ?? '');
  await phone.waitForCount(count, { timeoutMs: 60_000 });
  expect(phone.received.at(-1)?.text).toContain(entry?.answer);
}

async function expectCounted(count: number): Promise<void> {
  expect(await metricsAtRest(count)).toMatchObject({
    whatsapp_inbound_messages: count,
    whatsapp_outbound_messages: count,
    whatsapp_errors: 0,
    queue_jobs_enqueued: 2 * count,
    queue_jobs_completed: 2 * count,
    queue_jobs_failed: 0,
    queue_jobs_dead_letter: 0,
  });
}

test('answers a message and counts every step', async () => {
  await expectAnswered(1);
  await expectCounted(1);
});

test('every probe passes and the heartbeat can be read', async () => {
  await until(`${stack.url.api}/readyz?verbose`, ({ text }) => !/^\[-\]/m.test(text));
  const health = await ask(`${stack.url.api}/api/health?verbose`);
  expect(health.text).toMatch(/^\[\+\]redis ok$/m);
  expect(health.text).toMatch(/^\[\+\]workers ok$/m);
  expect(health.text).toMatch(/^\[\+\]queues ok$/m);
  expect((await ask(`${stack.url.calls}/health`)).text).toBe('{"status":"healthy","active_calls":0}');
  expect((await ask(`${stack.url.baileys}/health`)).text).toBe('{"status":"ok","sessions":1}');
  await until(`${stack.url.api}/warmup`, ({ text }) => text === '{"status":"warm"}');
  await using redis = await redisOf(stack);
  const beat = await redis.client.get('worker:heartbeat');
  expect(Date.now() / 1000 - Number(beat)).toBeLessThan(30);
});

test('moving the slot to another node neither loses nor doubles messages', async () => {
  const moved = cluster.moveSlot();
  for (let count = 2; count <= 6; count++) await expectAnswered(count);
  await moved;
  await expectCounted(6);
});

test('the services continue by themselves when the node with all keys is killed and its replica takes over', async () => {
  // Move the keys back to the node that has the replica.
  await cluster.moveSlot();
  await cluster.moveSlot();
  const { owner } = cluster;
  await owner.kill();
  const died = performance.now();
  await expectAnswered(7);
  console.log(`answered ${((performance.now() - died) / 1000).toFixed(1)} s after the node had died`);
  await expectCounted(7);
  await until(`${stack.url.calls}/health`, isStatus(200));
  await until(`${stack.url.api}/readyz?verbose`, ({ text }) => !/^\[-\]/m.test(text));
  const beatAfter = Date.now() / 1000;
  await using redis = await redisOf(stack);
  await poll(async () => Number(await redis.client.get('worker:heartbeat')) > beatAfter, {
    what: 'a new heartbeat',
  });
  await owner.start();
  await cluster.ready();
  await expectAnswered(8);
  await expectCounted(8);
  for (const service of Object.values(stack.services)) expect(service.running()).toBe(true);
  expect(outputOf(stack)).toContain('a node of Redis Cluster is away');
});

async function pair(session: string): Promise<Account> {
  const admin = { 'x-api-key': stack.keys.adminKey, 'content-type': 'application/json' };
  const body = JSON.stringify({ name: session });
  const created = await fetch(`${stack.url.baileys}/api/sessions`, { method: 'POST', headers: admin, body });
  expect(created.status).toBe(201);
  const url = `${stack.url.baileys}/api/${session}/auth/qr?format=raw`;
  const { text } = await until(url, isStatus(200), { init: { headers: admin }, what: 'the QR code' });
  return whatsapp.scanQr(text);
}
