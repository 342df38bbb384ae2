import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Redis } from 'ioredis';

/** As long as a released slot remembers the end of its call. */
const USED_TTL_MS = 3_600_000;

/**
 * Tokens that each open one media stream of an accepted call. A token is derived from the call's id, so the webhook answers the same when the
 * provider asks twice. Redis stores whether it was used, for all replicas.
 */
export class StreamTokens {
  readonly #redis: Redis;
  readonly #key: (callSid: string) => string;
  readonly #secret: string | undefined;
  readonly #lifeMs: number;

  constructor(options: {
    redis: Redis;
    key: (callSid: string) => string;
    secret: string | undefined;
    lifeMs: number;
  }) {
    this.#redis = options.redis;
    this.#key = options.key;
    this.#secret = options.secret;
    this.#lifeMs = options.lifeMs;
  }

  tokenOf(callSid: string): string {
    if (this.#secret === undefined) throw new TypeError('tokens need a secret');
    return createHmac('sha256', this.#secret).update(`media stream of ${callSid}`).digest('base64url');
  }

  /** Makes the call's token valid for one stream. */
  async issue(callSid: string): Promise<void> {
    await this.#redis.set(this.#key(callSid), 'open', 'PX', this.#lifeMs, 'NX');
  }

  /** Whether the token is this call's. Only `redeem` knows whether it still opens a stream. */
  isValidToken(callSid: string, token: string): boolean {
    if (this.#secret === undefined) return false;
    const given = Buffer.from(token);
    const expected = Buffer.from(this.tokenOf(callSid));
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  /** Uses up the token of a call, after `isValidToken`. True for the first stream, if the token has not expired. */
  async redeem(callSid: string): Promise<boolean> {
    return (
      (await this.#redis.call('SET', this.#key(callSid), 'used', 'XX', 'PX', USED_TTL_MS, 'GET')) === 'open'
    );
  }

  /** Whether the call's stream has connected to any replica; remembered for an hour. */
  async wasRedeemed(callSid: string): Promise<boolean> {
    return (await this.#redis.get(this.#key(callSid))) === 'used';
  }
}
