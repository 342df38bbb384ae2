import { type Stack, type ServiceName, serviceNames, startPostgres } from '@prosaas/devstack';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Answer, ask, bearer } from './support/ask.ts';
import { redisOf } from './support/redis.ts';
import { startQuickStack, until } from './support/stack.ts';

const running = new AsyncDisposableStack();
let first: Stack;
let otherDatabase: string;

beforeAll(async () => {
  first = running.use(
    await startQuickStack({ services: ['api', 'worker'], env: { READYZ_REQUIRE: 'database' } }),
  );
  const postgres = running.use(await startPostgres());
  otherDatabase = postgres.url;
});
afterAll(() => running.disposeAsync());

test('each service of a stack with another database refuses the same namespace and gives the reason', async () => {
  const second = running.use(
    await startQuickStack({ redisUrl: first.redisUrl, databaseUrl: otherDatabase, wait: false }),
  );
  const ends = await Promise.all(
    serviceNames.map(async (name): Promise<[ServiceName, number | NodeJS.Signals]> => [
      name,
      await second.services[name].exited(),
    ]),
  );
  expect(Object.fromEntries(ends)).toEqual({ api: 1, calls: 1, worker: 1, baileys: 1 });
  for (const name of serviceNames) {
    expect(second.services[name].output()).toContain('belongs to a stack with another database');
    expect(second.services[name].output()).toContain('REDIS_NAMESPACE');
    expect(second.services[name].output()).not.toContain('Node warns');
  }
  expect((await ask(`${first.url.api}/api/health`)).status).toBe(200);
});

test('works beside the first stack in a namespace of its own, with its own heartbeat and counts', async () => {
  const second = running.use(
    await startQuickStack({
      services: ['api', 'worker'],
      redisUrl: first.redisUrl,
      databaseUrl: otherDatabase,
      env: { REDIS_NAMESPACE: 'second', READYZ_REQUIRE: 'database' },
    }),
  );
  await using redis = await redisOf(first);
  expect(await redis.client.get('second:worker:heartbeat')).toMatch(/^\d+$/);
  expect(await redis.client.get('worker:heartbeat')).toMatch(/^\d+$/);
  for (const stack of [first, second]) {
    const url = `${stack.url.api}/metrics.json?verbose`;
    const init = bearer(stack.keys.metricsToken);
    const { body } = await until(
      url,
      (answer) => answer.body?.['complete'] === true && sourcesOf(answer).length > 1,
      { init },
    );
    expect(sourcesOf({ body })).toEqual(['api', 'worker']);
  }
});

function sourcesOf({ body }: Pick<Answer, 'body'>): string[] {
  const sources = body?.['sources'] as { service: string }[] | undefined;
  return (sources ?? []).map(({ service }) => service).toSorted();
}
