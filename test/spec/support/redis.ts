import type { Stack } from '@prosaas/devstack';
import { closeRedis, createLogger, createRedis, redisReady } from '@prosaas/runtime';

type Client = ReturnType<typeof createRedis>;

/** A client of a stack's Redis, closed at the end of the block. */
export async function redisOf(stack: Pick<Stack, 'redisUrl'>): Promise<AsyncDisposable & { client: Client }> {
  const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
  const client = createRedis({ url: stack.redisUrl, name: 'test', role: 'commands', log });
  await redisReady(client);
  return { client, [Symbol.asyncDispose]: () => closeRedis(client) };
}
