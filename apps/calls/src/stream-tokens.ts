import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Redis } from 'ioredis';

/** As long as the slots remember the end of a call, which is asked after late as well. */
const usedMs = 3_600_000;

/**
 * Lets one media stream in for each accepted call. The token follows from the call, so that the webhook's answer is the
 * same when the provider asks twice; Redis remembers whether it was used, on whatever replica.
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
    if (this.#secret === undefined) throw new TypeError('there is no secret to make tokens with');
    return createHmac('sha256', this.#secret).update(`media stream of ${callSid}`).digest('base64url');
  }

  /** From now on the call's token opens one stream. */
  async issue(callSid: string): Promise<void> {
    await this.#redis.set(this.#key(callSid), 'open', 'PX', this.#lifeMs, 'NX');
  }

  /** Whether the token is this call's; whether it still opens a stream, only `redeem` knows. */
  isGenuine(callSid: string, token: string): boolean {
    if (this.#secret === undefined) return false;
    const given = Buffer.from(token);
    const expected = Buffer.from(this.tokenOf(callSid));
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  /** For a call whose genuine token was shown. True for the one stream that comes first, in time. */
  async redeem(callSid: string): Promise<boolean> {
    return (await this.#redis.call('SET', this.#key(callSid), 'used', 'XX', 'PX', usedMs, 'GET')) === 'open';
  }

  /** Whether the stream of a call has come, at whatever replica; remembered for an hour. */
  async wasRedeemed(callSid: string): Promise<boolean> {
    return (await this.#redis.get(this.#key(callSid))) === 'used';
  }
}
