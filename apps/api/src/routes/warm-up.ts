import type { App } from '@prosaas/http';
import {
  type CheckResult,
  HealthRegistry,
  type ProbeDefinition,
  classifyError,
  healthRoutes,
} from '@prosaas/observability';
import type { FastifyRequest } from 'fastify';
import type { ServingStatus } from '../serving-status.ts';
import type { WarmUp } from '../warm-up.ts';

const parts = ['agent', 'voice'] as const;

const probe: ProbeDefinition = {
  path: '/warmup',
  name: 'warmup',
  required: parts,
  body: {
    pass: () => ({ status: 'warm' }),
    fail: ({ checks }) => ({ status: 'cold', checks }),
  },
};

/** `/warmup`: a request starts a warm-up, or joins the one in progress, and shows its result in the form of a probe. */
export function warmUpRoute(
  app: App,
  { warmUp, canSeeDetails }: { warmUp: WarmUp; canSeeDetails: (request: FastifyRequest) => boolean },
): void {
  const health = new WarmUpHealth();
  app.register(async (scope) => {
    scope.addHook('preHandler', () => health.run(warmUp));
    await scope.register(healthRoutes, { health, probes: [probe], canSeeDetails });
  });
}

/** Holds the result of the last warm-up as check results, which `healthRoutes` renders. Runs no check by itself. */
class WarmUpHealth extends HealthRegistry {
  #results = new Map<string, CheckResult>();

  constructor() {
    super();
    for (const name of parts) this.register({ name, componentType: 'component', run: () => undefined });
  }

  async run(warmUp: WarmUp): Promise<void> {
    const began = this.now();
    let resultOf: (part: 'agent' | 'voice') => Pick<CheckResult, 'status' | 'facts' | 'detail'>;
    try {
      const serving = await warmUp.run();
      resultOf = (part) => resultOfPart(part, serving);
    } catch (error) {
      const failure = { status: 'fail', reason: classifyError(error), error: String(error) } as const;
      resultOf = () => ({ ...failure, facts: {}, detail: {} });
    }
    const at = this.now();
    for (const name of parts)
      this.#results.set(name, { name, at, durationMs: at - began, ...resultOf(name) });
  }

  override result(name: string): CheckResult {
    return this.#results.get(name) ?? super.result(name);
  }
}

function resultOfPart(
  part: 'agent' | 'voice',
  serving: ServingStatus,
): Pick<CheckResult, 'status' | 'reason' | 'facts' | 'detail'> {
  const cold = serving.cold.filter((one) => one.part === part);
  const { replicas } = serving;
  // Every required service has an agent.
  const absent = part === 'agent' ? serving.absent : [];
  if (replicas > 0 && cold.length === 0 && absent.length === 0)
    return { status: 'pass', facts: { replicas }, detail: {} };
  return {
    status: 'fail',
    reason: 'not_ready',
    facts: { replicas, cold: [...new Set([...cold.map(({ service }) => service), ...absent])] },
    detail: { cold: cold.map(({ instance, state }) => ({ instance, state })) },
  };
}
