import { AppError } from '@prosaas/runtime';
import type {
  FastifyRequest,
  onErrorAsyncHookHandler,
  onRequestAsyncHookHandler,
  preValidationAsyncHookHandler,
} from 'fastify';
import webhooks from 'twilio/lib/webhooks/webhooks.js';
import type { RefusalReason, SignatureProblem, WebhookRefusals } from './webhook-refusals.ts';

class AuthTokenMissing extends AppError {
  override code = 'TWILIO_AUTH_TOKEN_MISSING';
  override status = 503;

  constructor() {
    super('TWILIO_AUTH_TOKEN is not set, so the signature of a request cannot be checked');
  }
}

class SignatureInvalid extends AppError {
  override code = 'SIGNATURE_INVALID';
  override status = 403;
  readonly reason: SignatureProblem;

  constructor(reason: SignatureProblem) {
    super('X-Twilio-Signature is missing or does not match the request at PUBLIC_URL');
    this.reason = reason;
  }
}

export interface ProviderGuard {
  onRequest: onRequestAsyncHookHandler;
  preValidation: preValidationAsyncHookHandler;
  onError: onErrorAsyncHookHandler;
}

/**
 * Accepts only requests that the provider has signed. The signature covers the exact URL as the provider knows it, with a trailing slash and
 * the query string, so it is checked against PUBLIC_URL: anybody can choose the headers Host and X-Forwarded-*. Parameters are signed too if
 * they were sent in a body; for a GET only the URL is signed.
 * https://www.twilio.com/docs/usage/security#validating-requests
 */
export function providerGuard(
  authToken: string | undefined,
  /** Without a trailing slash. */
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

/** Undefined for an internal error. */
function refusalOf(error: Error): RefusalReason | undefined {
  if (error instanceof AuthTokenMissing) return 'auth_token_missing';
  if (error instanceof SignatureInvalid) return error.reason;
  const { statusCode = 500 } = error as { statusCode?: number };
  return (error instanceof AppError ? error.status : statusCode) < 500 ? 'malformed' : undefined;
}
