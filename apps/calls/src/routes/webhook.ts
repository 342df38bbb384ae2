import type { App } from '@prosaas/http';
import type { FastifyReply } from 'fastify';
import type { Static, TSchema } from 'typebox';
import type { ProviderGuard } from '../provider-signature.ts';

/**
 * A webhook of the provider's, as people type it into the provider's console: by POST or by GET, where the parameters are the
 * query string, and with a slash at its end or without.
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
      // The provider tells more than is asked for here.
      {
        ...guard,
        exposeHeadRoute: false,
        schema: { querystring: { ...parameters, additionalProperties: true } },
      },
      (request, reply) => handle(request.query as Static<S>, reply),
    );
  }
}
