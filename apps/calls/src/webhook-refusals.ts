import type { Logger } from '@prosaas/runtime';
import { RefusalLog } from './refusal-log.ts';

/** Why a webhook was refused: a metric label. The signature problems are also codes of the health check. */
export type RefusalReason = 'auth_token_missing' | 'signature_missing' | 'signature_invalid' | 'malformed';
export type SignatureProblem = 'signature_missing' | 'signature_invalid';

/** A wrong setting makes every signature invalid. While a valid one is remembered, an invalid one came from a stranger. */
const REMEMBERED_MS = 3_600_000;

/** Counts and logs refused webhooks, and tells whether wrong settings of this service are the cause. */
export class WebhookRefusals {
  readonly #count: (reason: RefusalReason) => void;
  readonly #log: RefusalLog;
  readonly #now: () => number;
  #problem: { reason: SignatureProblem; at: number } | undefined;
  #signedAt = -Infinity;

  constructor(options: { count: (reason: RefusalReason) => void; log: Logger; now?: () => number }) {
    this.#count = options.count;
    this.#log = new RefusalLog(options.log, 'webhooks were refused');
    this.#now = options.now ?? Date.now;
  }

  add(reason: RefusalReason): void {
    this.#count(reason);
    this.#log.add(reason);
    if (reason === 'signature_missing' || reason === 'signature_invalid')
      this.#problem = { reason, at: this.#now() };
  }

  /** A signature was valid, so the settings are right. */
  signed(): void {
    this.#problem = undefined;
    this.#signedAt = this.#now();
  }

  /** The problem of the last invalid signature, if none was valid within the last hour. */
  get signatureProblem(): SignatureProblem | undefined {
    if (this.#now() - this.#signedAt < REMEMBERED_MS) return undefined;
    const { reason, at = -Infinity } = this.#problem ?? {};
    return this.#now() - at < REMEMBERED_MS ? reason : undefined;
  }
}
