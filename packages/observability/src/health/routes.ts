import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { wantsHealthJson } from '../http/accept.ts';
import { type ConstantResponse, answerBeforeHooks } from '../http/answer-before-hooks.ts';
import { getRoute } from '../http/get-route.ts';
import { namedPlugin } from '../http/named-plugin.ts';
import { routeMetrics } from '../instruments/http.ts';
import { type Rendered, renderBody, renderHealthJson, renderOne, renderVerbose } from './render.ts';
import { Probe, type ProbeDefinition, type ProbeState } from './probe.ts';
import { type HealthRegistry, SHUTDOWN } from './registry.ts';

export interface HealthRoutesOptions {
  health: HealthRegistry;
  probes: readonly ProbeDefinition[];
  /** Whether a caller may see error texts and `detail`. By default nobody may. */
  canSeeDetails?: (request: FastifyRequest) => boolean;
  /**
   * Answers plain requests for probes without checks (`/healthz`, `/livez`) before the app's hooks run, and so without the headers that
   * hooks add: liveness then depends on nothing but the process, and costs what bare Node costs. False by default.
   */
  livenessFirst?: boolean;
}

interface ProbeQuery {
  verbose?: unknown;
  exclude?: string | string[];
}

async function plugin(app: FastifyInstance, options: HealthRoutesOptions): Promise<void> {
  const constants = new Map<string, ConstantResponse>();
  for (const definition of options.probes) {
    const probe = new Probe(definition, options.health);
    app.addHook('onClose', async () => probe[Symbol.dispose]());
    const constant = constantOf(probe);
    if (constant) {
      // `instrumentHttp` has registered its hook before, so the route's metrics are bound by now.
      app.addHook('onRoute', (route) => {
        if (route.url === definition.path && route.method === 'GET')
          constants.set(definition.path, { ...constant, metrics: routeMetrics(route) });
      });
    }
    probeRoute(app, probe, options, constant);
    for (const check of probe.checks) checkRoute(app, probe, check, options);
  }
  if (options.livenessFirst === true) answerBeforeHooks(app.server, constants);
}

/** The body of a probe without checks, which is the one requested most. Rendered once. */
function constantOf(probe: Probe): Rendered | undefined {
  const isConstant = probe.checks.length === 0 && !probe.definition.failsWhileDraining;
  return isConstant ? renderBody(probe, probe.state(new Set()), false) : undefined;
}

function probeRoute(
  app: FastifyInstance,
  probe: Probe,
  options: HealthRoutesOptions,
  constant: Rendered | undefined,
): void {
  const { health, canSeeDetails = () => false } = options;
  const { path, name } = probe.definition;
  const known = new Set([...probe.checks, SHUTDOWN]);
  const handler = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const { accept } = request.headers;
    if (constant && !request.url.includes('?') && !wantsHealthJson(accept, constant.type))
      return reply.type(constant.type).send(constant.body);
    const { verbose, exclude = [] } = request.query as ProbeQuery;
    // Kubernetes repeats the parameter. A comma-separated list is accepted, too.
    const excluded = [exclude].flat().flatMap((names) => names.split(','));
    const state = probe.state(new Set(excluded));
    const details = canSeeDetails(request);
    if (verbose !== undefined)
      return send(reply, state, renderVerbose(name, state, details, excluded, known));
    const own = renderBody(probe, state, details);
    if (wantsHealthJson(accept, own.type))
      return send(reply, state, renderHealthJson(state, details, health.now(), componentsOf(health)));
    return send(reply, state, own);
  };
  getRoute(app, { path, handler });
}

/** `/readyz/database`: one check by itself, after the probe's hysteresis. */
function checkRoute(app: FastifyInstance, probe: Probe, check: string, options: HealthRoutesOptions): void {
  const { health, canSeeDetails = () => false } = options;
  const handler = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const state = probe.stateOf(check);
    const details = canSeeDetails(request);
    if ((request.query as ProbeQuery).verbose !== undefined)
      return send(reply, state, renderVerbose(check, state, details));
    const own = renderOne(state, details);
    if (wantsHealthJson(request.headers.accept, own.type))
      return send(reply, state, renderHealthJson(state, details, health.now(), componentsOf(health)));
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

const componentsOf =
  (health: HealthRegistry) =>
  (name: string): ReturnType<HealthRegistry['definition']> | undefined =>
    name === SHUTDOWN ? undefined : health.definition(name);

/**
 * A Fastify plugin with a `GET` route for each probe and for each of its checks. The README of this package lists the forms in which they
 * answer. Registering it rejects with a TypeError when a probe names a check that does not exist.
 */
export const healthRoutes: typeof plugin = namedPlugin('@prosaas/observability/health', plugin);
