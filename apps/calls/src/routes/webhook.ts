import type { App } from '@prosaas/http';
import type { FastifyReply } from 'fastify';
import type { Static, TSchema } from 'typebox';
import type { ProviderGuard } from '../provider-signature.ts';

/**
 * Registers a webhook for all ways in which people configure it in the provider's console: by POST, or by GET with the parameters in the
 * query string, and with or without a trailing slash.
 */
export function webhookRoute<S extends TSchema>(
  app: App,
  { path, parameters, guard }: { path: string; parameters: S; guard: ProviderGuard },
  handle: (parameters: Static<S>, reply: FastifyReply) => FastifyReply | Promise<FastifyReply>,
): void {
  for (const url of [path, `${path}/`]) {
    app.post(url, { ...guard, schema: { body: parameters } }, (request, reply) =>
      handle(request.body as Static<S>, reply),
    );
    app.get(
      url,
      // The provider sends more parameters than the schema names.
      {
        ...guard,
        exposeHeadRoute: false,
        schema: { querystring: { ...parameters, additionalProperties: true } },
      },
      (request, reply) => handle(request.query as Static<S>, reply),
    );
  }
}
