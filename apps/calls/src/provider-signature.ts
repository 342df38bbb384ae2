import { AppError } from '@prosaas/runtime';
import type {
  FastifyRequest,
  onErrorAsyncHookHandler,
  onRequestAsyncHookHandler,
  preValidationAsyncHookHandler,
} from 'fastify';
import webhooks from 'twilio/lib/webhooks/webhooks.js';
import type { RefusalReason, SignatureTrouble, WebhookRefusals } from './webhook-refusals.ts';

class AuthTokenMissing extends AppError {
  constructor() {
    super("TWILIO_AUTH_TOKEN is not set: without it nobody knows whether a request is the provider's", {
      status: 503,
      code: 'TWILIO_AUTH_TOKEN_MISSING',
    });
  }
}

class SignatureInvalid extends AppError {
  readonly reason: SignatureTrouble;

  constructor(reason: SignatureTrouble) {
    super('X-Twilio-Signature is missing, or is not that of this request sent to PUBLIC_URL', {
      status: 403,
      code: 'SIGNATURE_INVALID',
    });
    this.reason = reason;
  }
}

export interface ProviderGuard {
  onRequest: onRequestAsyncHookHandler;
  preValidation: preValidationAsyncHookHandler;
  onError: onErrorAsyncHookHandler;
}

/**
 * Lets only the provider's own requests in. The signature covers the URL as the provider knows it, so it is checked against the
 * configured one: Host and the proxy's headers are anybody's to choose. It covers what was requested to the letter, the slash at
 * its end and the query string too; the parameters follow only where they came in a body, so nothing follows the URL of a GET.
 * https://www.twilio.com/docs/usage/security#validating-requests
 */
export function providerGuard(
  authToken: string | undefined,
  /** Without a slash at its end. */
  publicUrl: string,
  refusals: WebhookRefusals,
): ProviderGuard {
  return {
    onRequest: async () => {
      if (authToken === undefined) throw new AuthTokenMissing();
    },
    preValidation: async (request: FastifyRequest) => {
      const signature = request.headers['x-twilio-signature'];
      const parameters = (request.body ?? {}) as Record<string, unknown>;
      const url = `${publicUrl}${request.raw.url ?? ''}`;
      if (authToken === undefined || typeof signature !== 'string')
        throw new SignatureInvalid('signature_missing');
      if (!webhooks.validateRequest(authToken, signature, url, parameters))
        throw new SignatureInvalid('signature_invalid');
      refusals.signed();
    },
    onError: async (_request, _reply, error) => {
      const reason = refusalOf(error);
      if (reason !== undefined) refusals.add(reason);
    },
  };
}

/** Undefined for a fault of our own. */
function refusalOf(error: Error): RefusalReason | undefined {
  if (error instanceof AuthTokenMissing) return 'auth_token_missing';
  if (error instanceof SignatureInvalid) return error.reason;
  const { statusCode = 500 } = error as { statusCode?: number };
  return (error instanceof AppError ? error.status : statusCode) < 500 ? 'malformed' : undefined;
}
