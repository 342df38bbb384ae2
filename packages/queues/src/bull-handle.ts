import { readFileSync } from 'node:fs';
import { AppError, reconnectRedis } from '@prosaas/runtime';
import { Queue, type IRedisTransaction } from 'bullmq';
import type { Redis } from 'ioredis';

/** Redis is away: the same call can succeed later. */
export class QueuesUnavailable extends AppError {
  override code = 'QUEUES_UNAVAILABLE';
  override status = 503;
  override retryable = true;
}

const scripts = {
  dropLetter: { file: 'drop-letter', keys: 2 },
  drain: { file: 'drain', keys: 6 },
  beginWork: { file: 'begin-work', keys: 4 },
  takeTurn: { file: 'take-turn', keys: 1 },
} as const;

export interface BullHandle extends AsyncDisposable {
  /** Throws `QueuesUnavailable` at once while Redis is away, instead of waiting for it. */
  queue(name: string): Promise<Queue>;
  /** Runs what `fill` adds as one MULTI and returns the replies; throws the first error among them. */
  transaction(fill: (multi: IRedisTransaction) => Promise<void>): Promise<unknown[]>;
  /** A command, or a script of ours by the name that it was defined under, that returns a number. */
  run(command: string, keysAndArguments: readonly (string | number | Buffer)[]): Promise<number>;
}

/** BullMQ's Queue objects over one connection of the caller's, which stays the caller's to close. */
export function openBull(redis: Redis, bullPrefix: string): BullHandle {
  for (const [name, { file, keys }] of Object.entries(scripts)) {
    const lua = readFileSync(new URL(`../lua/${file}.lua`, import.meta.url), 'utf8');
    redis.defineCommand(name, { lua, numberOfKeys: keys });
  }
  const queues = new Map<string, Queue>();

  const queue = async (name: string): Promise<Queue> => {
    if (redis.status !== 'ready') throw new QueuesUnavailable('Redis is not reachable');
    let found = queues.get(name);
    if (!found) {
      found = new Queue(name, { connection: redis, prefix: bullPrefix, skipMetasUpdate: true });
      // The connection's owner logs its errors.
      found.on('error', () => {});
      queues.set(name, found);
    }
    try {
      await found.waitUntilReady();
      return found;
    } catch (cause) {
      // A Queue whose first commands failed never recovers: the next call makes another.
      if (queues.get(name) === found) queues.delete(name);
      void found.close().catch(() => {});
      throw new QueuesUnavailable('Redis went away', { cause });
    }
  };

  return {
    queue,
    async transaction(fill) {
      // Any queue will do: they share the connection, and this one is only asked for its client.
      const client = await (await queue('dead-letter')).getBackend().client;
      const multi = client.multi();
      await fill(multi);
      let replies: [Error | null, unknown][] | null;
      try {
        replies = (await multi.exec()) as [Error | null, unknown][] | null;
      } catch (cause) {
        throw new QueuesUnavailable('Redis did not carry out a transaction', { cause });
      }
      if (replies === null) throw new QueuesUnavailable('Redis discarded a transaction');
      const refused = replies.find(([error]) => error)?.[0];
      if (refused) {
        // ioredis takes a script that it once sent over a connection for known there, and inside MULTI it does not learn better
        // when Redis has forgotten it (SCRIPT FLUSH): a new connection does.
        if (refused.message.startsWith('NOSCRIPT')) reconnectRedis(redis);
        throw new QueuesUnavailable('Redis refused a command', { cause: refused });
      }
      return replies.map(([, reply]) => reply);
    },
    async run(command, keysAndArguments) {
      const commands = redis as unknown as Record<
        string,
        (args: readonly (string | number | Buffer)[]) => Promise<number>
      >;
      try {
        return await commands[command]!(keysAndArguments);
      } catch (cause) {
        throw new QueuesUnavailable('Redis did not carry out a command', { cause });
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.allSettled([...queues.values()].map((open) => open.close()));
      queues.clear();
    },
  };
}
