import { AppError } from '@prosaas/runtime';
import type { FastifyRequest, onRequestAsyncHookHandler, preValidationAsyncHookHandler } from 'fastify';
import webhooks from 'twilio/lib/webhooks/webhooks.js';

class AuthTokenMissing extends AppError {
  constructor() {
    super("TWILIO_AUTH_TOKEN is not set: without it nobody knows whether a request is the provider's", {
      status: 503,
      code: 'TWILIO_AUTH_TOKEN_MISSING',
    });
  }
}

class SignatureInvalid extends AppError {
  constructor() {
    super('X-Twilio-Signature is missing, or is not that of this request sent to PUBLIC_URL', {
      status: 403,
      code: 'SIGNATURE_INVALID',
    });
  }
}

export interface ProviderGuard {
  onRequest: onRequestAsyncHookHandler;
  preValidation: preValidationAsyncHookHandler;
}

/**
 * Lets only the provider's own requests in. The signature covers the URL as the provider knows it, so it is checked
 * against the configured one: Host and the proxy's headers are anybody's to choose.
 */
export function providerGuard(authToken: string | undefined, publicUrl: string): ProviderGuard {
  const base = publicUrl.replace(/\/+$/, '');
  return {
    onRequest: async () => {
      if (authToken === undefined) throw new AuthTokenMissing();
    },
    preValidation: async (request: FastifyRequest) => {
      const signature = request.headers['x-twilio-signature'];
      const parameters = (request.body ?? {}) as Record<string, unknown>;
      const url = `${base}${request.raw.url ?? ''}`;
      if (
        authToken === undefined ||
        typeof signature !== 'string' ||
        !webhooks.validateRequest(authToken, signature, url, parameters)
      ) {
        throw new SignatureInvalid();
      }
    },
  };
}
