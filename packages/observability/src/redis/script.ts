import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RedisClient } from './client.ts';

/** A Lua script. Sent by its hash, and in full only when Redis does not know it: after a restart or SCRIPT FLUSH. */
export class LuaScript {
  readonly text: string;
  readonly hash: string;

  constructor(text: string) {
    this.text = text;
    this.hash = createHash('sha1').update(text).digest('hex');
  }

  async run(redis: RedisClient, keys: string[], args: (string | Buffer)[]): Promise<unknown> {
    try {
      return await redis.evalsha(this.hash, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return await redis.eval(this.text, keys.length, ...keys, ...args);
    }
  }
}

/** Joins files of the lua/ folder, which lies beside src/ and dist/, into one script. */
export function luaScript(...names: string[]): LuaScript {
  const read = (name: string): string =>
    readFileSync(new URL(`../../lua/${name}.lua`, import.meta.url), 'utf8');
  return new LuaScript(names.map(read).join('\n'));
}
