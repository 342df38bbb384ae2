import { type Stack, poll } from '@prosaas/devstack';
import { registerReplica, listReplicas } from '@prosaas/observability';
import { keyspace } from '@prosaas/runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, partOf } from './support/ask.ts';
import { redisOf } from './support/redis.ts';
import { isStatus, startQuickStack, until } from './support/stack.ts';

let stack: Stack;
let redis: Awaited<ReturnType<typeof redisOf>>;

beforeAll(async () => {
  stack = await startQuickStack({ services: ['api', 'baileys'] });
  redis = await redisOf(stack);
});
afterAll(async () => {
  await redis[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
});

const warmup = (): string => `${stack.url.api}/warmup`;
const agentkit = (): string => `${stack.url.api}/health/agentkit`;

const keyPrefix = keyspace('prosaas').key('replicas');

/** Waits until this many replicas are registered. */
async function untilAnnounced(replicas: number): Promise<void> {
  const seen = async (): Promise<number> =>
    (await listReplicas({ redis: redis.client, keyPrefix })).filter(({ instance }) =>
      instance.includes('secret-host'),
    ).length;
  await poll(async () => (await seen()) === replicas, { what: `${replicas} replicas` });
}

/** A substitute for a replica that answers customers. */
class Replica implements AsyncDisposable {
  asked = 0;
  agent = 'cold';
  voice: string | undefined;
  fallback = false;
  readonly #announcement: AsyncDisposable;

  constructor(service: 'worker' | 'calls', onAsk: (replica: Replica) => void) {
    this.voice = service === 'calls' ? 'cold' : undefined;
    this.#announcement = registerReplica({
      redis: redis.client,
      keyPrefix,
      replica: {
        service,
        instance: `${service}:secret-host:1`,
        host: 'secret-host',
        pid: 1,
        startedAt: new Date(),
      },
      report: () => ({
        agent: this.agent,
        fallback: this.fallback,
        ...(this.voice === undefined ? {} : { voice: this.voice }),
      }),
      on: {
        warmup: () => {
          this.asked += 1;
          onAsk(this);
        },
      },
      everyMs: 100,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#announcement[Symbol.asyncDispose]();
  }
}

describe('/warmup', () => {
  test('is not_ready if no live replica answers customers', async () => {
    const answer = await ask(warmup());
    expect([answer.status, answer.body]).toMatchObject([
      503,
      { status: 'cold', checks: { agent: { status: 'fail', reason: 'not_ready', replicas: 0 } } },
    ]);
    const health = await until(agentkit(), ({ text }) => text.includes('not_ready'));
    expect([health.status, health.body]).toMatchObject([503, { status: 'unhealthy' }]);
  });

  test('asks each cold replica once for any number of callers, and is warm when all replicas are', async () => {
    await using worker = new Replica('worker', (replica) => {
      replica.agent = 'warm';
    });
    await using calls = new Replica('calls', (replica) => {
      replica.agent = 'warm';
      replica.voice = 'warm';
    });
    await untilAnnounced(2);
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(warmup())));
    for (const { status, text } of answers) expect([status, text]).toEqual([200, '{"status":"warm"}']);
    expect([worker.asked, calls.asked]).toEqual([1, 1]);
    expect((await ask(`${warmup()}?verbose`)).text).toBe('[+]agent ok\n[+]voice ok\nwarmup check passed\n');
    expect([worker.asked, calls.asked]).toEqual([1, 1]);
    expect((await until(agentkit(), isStatus(200))).text).toBe('{"status":"ok"}');
  });

  test('warns while the model provider is away, because customers are still answered', async () => {
    await using worker = new Replica('worker', () => undefined);
    worker.agent = 'warm';
    worker.fallback = true;
    const answer = await until(`${agentkit()}?verbose`, ({ text }) => text.includes('model_fallback'));
    expect([answer.status, answer.text]).toEqual([
      200,
      '[+]agent ok, warning: model_fallback\nagentkit check passed\n',
    ]);
  });
});

test('/health/whatsapp reports a replica with a cold agent', async () => {
  await using worker = new Replica('worker', () => undefined);
  worker.agent = 'loading';
  const answer = await until(
    `${stack.url.api}/health/whatsapp`,
    (one) => partOf(one, 'agentkit', 'cold') === 1,
  );
  expect([answer.status, answer.body]).toMatchObject([
    503,
    {
      status: 'unhealthy',
      baileys: { status: 'pass' },
      agentkit: { status: 'fail', reason: 'not_ready', cold: 1 },
    },
  ]);
});
