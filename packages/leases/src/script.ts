import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';

/** A Lua script, called by its hash. It is sent again when Redis does not have it, as after a restart. */
export class Script {
  readonly #source: string;
  readonly #hash: string;

  constructor(source: string) {
    this.#source = source;
    this.#hash = hash('sha1', source);
  }

  /** Concatenates files of the `lua` folder. */
  static read(...files: readonly string[]): Script {
    const read = (file: string): string => readFileSync(new URL(`../lua/${file}`, import.meta.url), 'utf8');
    return new Script(files.map(read).join('\n'));
  }

  async run(redis: Redis, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await redis.evalsha(this.#hash, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return redis.eval(this.#source, keys.length, ...keys, ...args);
    }
  }
}
