import type { Logger } from '@prosaas/runtime';
import { RefusalLog } from './refusal-log.ts';

/** Why a webhook is refused: the label of a metric, and where it is a matter of settings the code of a health check. */
export type RefusalReason = 'auth_token_missing' | 'signature_missing' | 'signature_invalid' | 'malformed';
export type SignatureTrouble = 'signature_missing' | 'signature_invalid';

/** A wrong setting refuses every webhook: while a right one is remembered, a wrong one is a stranger's. */
const rememberedMs = 3_600_000;

/** What the provider, or somebody who is not, was refused; and whether that is a matter of this service's settings. */
export class WebhookRefusals {
  readonly #count: (reason: RefusalReason) => void;
  readonly #log: RefusalLog;
  readonly #now: () => number;
  #trouble: { reason: SignatureTrouble; at: number } | undefined;
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
      this.#trouble = { reason, at: this.#now() };
  }

  /** A signature was right, so the settings are. */
  signed(): void {
    this.#trouble = undefined;
    this.#signedAt = this.#now();
  }

  /** How the last signature was wrong, where none was right in the last hour. */
  get signatureTrouble(): SignatureTrouble | undefined {
    if (this.#now() - this.#signedAt < rememberedMs) return undefined;
    const { reason, at = -Infinity } = this.#trouble ?? {};
    return this.#now() - at < rememberedMs ? reason : undefined;
  }
}
