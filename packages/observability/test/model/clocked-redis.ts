import type { Redis } from 'ioredis';

/** A Redis whose scripts use the time of the model: `TIME` is replaced by the lookup of a key that the model sets. */
export interface ClockedRedis {
  /** The client for a store. */
  readonly client: Redis;
  setTime(ms: number): Promise<void>;
  /** As FLUSHALL, for the keys of this model. */
  clear(): Promise<void>;
  /** Saves the data. The result restores it. */
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
    // Pretends not to know the script, so that it is sent in full and its clock can be replaced.
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
