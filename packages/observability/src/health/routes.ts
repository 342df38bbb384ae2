import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { getRoute } from '../http/get-route.ts';
import { wantsHealthJson } from './accept.ts';
import { type Rendered, renderBody, renderHealthJson, renderVerbose } from './forms.ts';
import { Probe, type ProbeDefinition } from './probe.ts';
import type { HealthRegistry } from './registry.ts';

export interface HealthRoutesOptions {
  health: HealthRegistry;
  probes: readonly ProbeDefinition[];
  /** Whether this caller may see error texts and addresses; nobody unless given. */
  canSeeDetails?: (request: FastifyRequest) => boolean;
}

interface ProbeQuery {
  verbose?: unknown;
  exclude?: string | string[];
}

async function plugin(app: FastifyInstance, options: HealthRoutesOptions): Promise<void> {
  const { health, probes, canSeeDetails = () => false } = options;
  for (const definition of probes) {
    const probe = new Probe(definition, health);
    const known = new Set([...definition.required, ...(definition.shown ?? []), 'shutdown']);
    // A name without a check is a mistake that must not wait for the first failure.
    for (const name of [...definition.required, ...(definition.shown ?? [])]) health.definition(name);

    const render = (request: FastifyRequest): [boolean, Rendered] => {
      const { verbose, exclude = [] } = request.query as ProbeQuery;
      const excluded = typeof exclude === 'string' ? [exclude] : exclude;
      const state = probe.state(new Set(excluded));
      const details = canSeeDetails(request);
      if (verbose !== undefined) return [state.ok, renderVerbose(probe, state, details, excluded, known)];
      if (wantsHealthJson(request.headers.accept)) {
        return [
          state.ok,
          renderHealthJson(state, details, (name) =>
            name === 'shutdown' ? undefined : health.definition(name),
          ),
        ];
      }
      return [state.ok, renderBody(probe, state, details)];
    };

    const handler = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
      const [ok, { type, body }] = render(request);
      return reply
        .code(ok ? 200 : 503)
        .type(type)
        .send(body);
    };
    getRoute(app, { path: definition.path, handler });
  }
}

/** A `GET` route for each probe; what it answers and in which forms is in this package's README. */
export const healthRoutes: typeof plugin = fp(plugin, {
  name: '@prosaas/observability/health',
  fastify: '5.x',
  encapsulate: true,
});
