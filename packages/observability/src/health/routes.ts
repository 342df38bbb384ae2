import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { wantsHealthJson } from '../http/accept.ts';
import { type ConstantAnswer, answerFirst } from '../http/answer-first.ts';
import { getRoute } from '../http/get-route.ts';
import { namedPlugin } from '../http/named-plugin.ts';
import { routeMetrics } from '../instruments/http.ts';
import { type Rendered, renderBody, renderHealthJson, renderOne, renderVerbose } from './forms.ts';
import { Probe, type ProbeDefinition, type ProbeState } from './probe.ts';
import { type HealthRegistry, SHUTDOWN } from './registry.ts';

export interface HealthRoutesOptions {
  health: HealthRegistry;
  probes: readonly ProbeDefinition[];
  /** Whether this caller may see error texts and addresses; nobody unless given. */
  canSeeDetails?: (request: FastifyRequest) => boolean;
  /**
   * Plain requests for probes that depend on nothing (`/healthz`, `/livez`) are answered before the app's hooks and without
   * the headers that these put on answers: they live as long as the process does, at the price of bare Node.
   */
  livenessFirst?: boolean;
}

interface ProbeQuery {
  verbose?: unknown;
  exclude?: string | string[];
}

async function plugin(app: FastifyInstance, options: HealthRoutesOptions): Promise<void> {
  const constants = new Map<string, ConstantAnswer>();
  for (const definition of options.probes) {
    const probe = new Probe(definition, options.health);
    app.addHook('onClose', async () => probe[Symbol.dispose]());
    const always = constantOf(probe);
    if (always) {
      // Hooks run in their order: one that instruments the app has bound the route's metrics by now.
      app.addHook('onRoute', (route) => {
        if (route.url === definition.path && route.method === 'GET')
          constants.set(definition.path, { ...always, metrics: routeMetrics(route) });
      });
    }
    probeRoute(app, probe, options, always);
    for (const check of probe.checks) checkRoute(app, probe, check, options);
  }
  if (options.livenessFirst === true) answerFirst(app.server, constants);
}

/** What depends on nothing is asked for the most; it is written once. */
function constantOf(probe: Probe): Rendered | undefined {
  const isConstant = probe.checks.length === 0 && !probe.definition.failsWhileDraining;
  return isConstant ? renderBody(probe, probe.state(new Set()), false) : undefined;
}

function probeRoute(
  app: FastifyInstance,
  probe: Probe,
  options: HealthRoutesOptions,
  always: Rendered | undefined,
): void {
  const { health, canSeeDetails = () => false } = options;
  const { path, name } = probe.definition;
  const known = new Set([...probe.checks, SHUTDOWN]);
  const handler = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const { accept } = request.headers;
    if (always && !request.url.includes('?') && !wantsHealthJson(accept, always.type))
      return reply.type(always.type).send(always.body);
    const { verbose, exclude = [] } = request.query as ProbeQuery;
    // Kubernetes repeats the parameter; a list in one is easier to write.
    const excluded = [exclude].flat().flatMap((names) => names.split(','));
    const state = probe.state(new Set(excluded));
    const details = canSeeDetails(request);
    if (verbose !== undefined)
      return send(reply, state, renderVerbose(name, state, details, excluded, known));
    const own = renderBody(probe, state, details);
    if (wantsHealthJson(accept, own.type))
      return send(reply, state, renderHealthJson(state, details, health.now(), namingOf(health)));
    return send(reply, state, own);
  };
  getRoute(app, { path, handler });
}

/** `/readyz/database`: one check by itself, as the probe sees it. */
function checkRoute(app: FastifyInstance, probe: Probe, check: string, options: HealthRoutesOptions): void {
  const { health, canSeeDetails = () => false } = options;
  const handler = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const state = probe.stateOf(check);
    const details = canSeeDetails(request);
    if ((request.query as ProbeQuery).verbose !== undefined)
      return send(reply, state, renderVerbose(check, state, details));
    const own = renderOne(state, details);
    if (wantsHealthJson(request.headers.accept, own.type))
      return send(reply, state, renderHealthJson(state, details, health.now(), namingOf(health)));
    return send(reply, state, own);
  };
  getRoute(app, { path: `${probe.definition.path}/${check}`, handler });
}

function send(reply: FastifyReply, { ok }: ProbeState, { type, body }: Rendered): FastifyReply {
  return reply
    .code(ok ? 200 : 503)
    .type(type)
    .send(body);
}

const namingOf =
  (health: HealthRegistry) =>
  (name: string): ReturnType<HealthRegistry['definition']> | undefined =>
    name === SHUTDOWN ? undefined : health.definition(name);

/** A `GET` route for each probe; what it answers and in which forms is in this package's README. */
export const healthRoutes: typeof plugin = namedPlugin('@prosaas/observability/health', plugin);
