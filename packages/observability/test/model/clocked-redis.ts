import type { Redis } from 'ioredis';

/**
 * A Redis whose scripts ask the model for the time. Nothing else of them is changed: `TIME` becomes the look-up of a
 * key that the model sets.
 */
export interface ClockedRedis {
  /** What a store takes for its client. */
  readonly client: Redis;
  setTime(ms: number): Promise<void>;
  /** As FLUSHALL, for the keys of this model. */
  clear(): Promise<void>;
  /** A copy to roll back to. */
  save(): Promise<() => Promise<void>>;
  forget(key: string): Promise<void>;
}

export function clockedRedis(redis: Redis, tag: string): ClockedRedis {
  const clock = `${tag}:clock`;
  const evaluate = (text: string, ...rest: (string | number | Buffer)[]): Promise<unknown> =>
    redis.eval(
      text.replaceAll("redis.call('TIME')", `redis.call('HVALS', '${clock}')`),
      ...(rest as [number]),
    );
  const client = {
    // As if it did not know the script: then it is sent in full, and can be given another clock.
    evalsha: () => Promise.reject(new Error('NOSCRIPT')),
    eval: evaluate,
    multi: () => redis.multi(),
    hmget: (...args: Parameters<Redis['hmget']>) => redis.hmget(...args),
  };
  const keys = async (): Promise<string[]> => (await redis.keys(`${tag}:*`)).filter((key) => key !== clock);
  return {
    client: client as unknown as Redis,
    setTime: async (ms) => {
      await redis.hset(clock, 'seconds', String(Math.floor(ms / 1000)), 'micros', String((ms % 1000) * 1000));
    },
    clear: async () => {
      const all = await keys();
      if (all.length > 0) await redis.del(...all);
    },
    save: async () => {
      const all = await keys();
      const dumps = await Promise.all(all.map((key) => redis.dumpBuffer(key)));
      return async () => {
        const present = await keys();
        if (present.length > 0) await redis.del(...present);
        for (const [i, key] of all.entries()) await redis.restore(key, 0, dumps[i]!);
      };
    },
    forget: async (key) => {
      await redis.del(key);
    },
  };
}
