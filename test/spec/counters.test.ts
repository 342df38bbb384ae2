import { randomUUID } from 'node:crypto';
import { addJob, createDatabase } from '@prosaas/database';
import type { Stack } from '@prosaas/devstack';
import { outboundJob } from '@prosaas/queues';
import { createLogger } from '@prosaas/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Answer, ask, bearer, partOf } from './support/ask.ts';
import { isStatus, startQuickStack, until } from './support/stack.ts';

let stack: Stack;

beforeAll(async () => {
  stack = await startQuickStack({ env: { TWILIO_AUTH_TOKEN: 'an-auth-token' } });
});
afterAll(() => stack[Symbol.asyncDispose]());

/** Writes messages whose session does not exist. Each becomes a job that fails permanently. */
async function writeUnsendable(count: number): Promise<void> {
  const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
  await using db = createDatabase({ url: stack.databaseUrl, size: 1, applicationName: 'test', log });
  for (let at = 0; at < count; at += 1) {
    await db.transaction(async (tx) => {
      const conversationId = randomUUID();
      const messageId = randomUUID();
      await tx.query(`insert into conversations (id, business_id, contact) values ($1, 'default', $2)`, [
        conversationId,
        `${messageId}@s.whatsapp.net`,
      ]);
      await tx.query(
        `insert into messages (id, business_id, conversation_id, session_id, direction, status, text)
         values ($1, 'default', $2, 'gone', 'outbound', 'queued', 'hello')`,
        [messageId, conversationId],
      );
      const job = outboundJob({ id: messageId, conversation_id: conversationId, business_id: 'default' });
      // Due in 200 ms, so that a worker releases it.
      await addJob(tx, { ...job, runAt: new Date(Date.now() + 200) });
    });
  }
}

const counter = (answer: Answer, name: string): number => Number(partOf(answer, 'counters', name));

function untilDead(jobs: number): Promise<Answer> {
  return until(
    `${stack.url.api}/metrics.json?verbose`,
    (answer) => counter(answer, 'queue_jobs_dead_letter') === jobs && answer.body?.['complete'] === true,
    { init: bearer(stack.keys.metricsToken), timeoutMs: 30_000, what: `${jobs} dead jobs` },
  );
}

function expectBalance(answer: Answer, jobs: number): void {
  const of = (name: string): number => counter(answer, name);
  expect(of('queue_jobs_enqueued')).toBe(jobs);
  expect(of('queue_jobs_enqueued')).toBe(of('queue_jobs_completed') + of('queue_jobs_failed'));
  expect(of('queue_jobs_dead_letter')).toBe(of('queue_jobs_failed'));
  expect(of('calls_started')).toBe(of('calls_completed') + of('calls_errors'));
}

test('a job that fails permanently is counted once at each step and listed in the dead letter', async () => {
  await writeUnsendable(3);
  expectBalance(await untilDead(3), 3);
  const headers = { 'x-api-key': stack.keys.apiKey };
  const dead = await ask(`${stack.url.api}/api/jobs/dead-letter`, { headers });
  expect(dead.body?.['items']).toHaveLength(3);
  const { body } = await ask(`${stack.url.api}/api/messages`, { headers });
  expect(body).toMatchObject({ items: [{ status: 'failed' }, { status: 'failed' }, { status: 'failed' }] });
});

test(
  'counters keep their values when services are killed and Redis restarts with its data',
  { timeout: 60_000 },
  async () => {
    for (const name of ['worker', 'api', 'baileys'] as const) {
      stack.services[name].kill('SIGKILL');
      await stack.services[name].exited();
    }
    await stack.redis?.stop();
    await stack.redis?.start();
    for (const name of ['worker', 'api', 'baileys'] as const) await stack.services[name].start();
    await until(`${stack.url.api}/metrics.json`, isStatus(200), { init: bearer(stack.keys.metricsToken) });
    expectBalance(await untilDead(3), 3);
    await writeUnsendable(2);
    expectBalance(await untilDead(5), 5);
  },
);

test('refused requests are not counted as messages or calls', async () => {
  const refused = await Promise.all([
    ask(`${stack.url.baileys}/api/sendText`, { method: 'POST', body: '{}' }),
    ask(`${stack.url.calls}/webhook/incoming_call`, { method: 'POST', body: 'CallSid=CA1' }),
    ask(`${stack.url.api}/api/messages`, { method: 'POST', body: '{"conversation_id":"x"}' }),
  ]);
  for (const { status } of refused) expect([400, 401, 403, 415]).toContain(status);
  const answer = await untilDead(5);
  expectBalance(answer, 5);
  const names = [
    'whatsapp_inbound_messages',
    'whatsapp_outbound_messages',
    'calls_started',
    'calls_rejected_max_concurrent',
  ];
  for (const name of names) expect([name, counter(answer, name)]).toEqual([name, 0]);
});
