import type { App } from '@prosaas/http';
import {
  type CheckResult,
  HealthRegistry,
  type ProbeDefinition,
  classifyError,
  healthRoutes,
} from '@prosaas/observability';
import type { FastifyRequest } from 'fastify';
import type { Warmth } from '../serving-replicas.ts';
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

/** Not by the timer: a request begins a warm-up, or waits for the end of the one under way, and shows what came of it. */
export function warmUpRoute(
  app: App,
  { warmUp, canSeeDetails }: { warmUp: WarmUp; canSeeDetails: (request: FastifyRequest) => boolean },
): void {
  const health = new WarmthHealth();
  app.register(async (scope) => {
    scope.addHook('preHandler', () => health.ask(warmUp));
    await scope.register(healthRoutes, { health, probes: [probe], canSeeDetails });
  });
}

/** The end of the last warm-up, where the renderers of probes look for results. */
class WarmthHealth extends HealthRegistry {
  #results = new Map<string, CheckResult>();

  constructor() {
    super();
    for (const name of parts) this.register({ name, componentType: 'component', run: () => undefined });
  }

  async ask(warmUp: WarmUp): Promise<void> {
    const began = this.now();
    let resultOf: (part: 'agent' | 'voice') => Pick<CheckResult, 'status' | 'facts' | 'detail'>;
    try {
      const warmth = await warmUp.run();
      resultOf = (part) => judgePart(part, warmth);
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

function judgePart(
  part: 'agent' | 'voice',
  warmth: Warmth,
): Pick<CheckResult, 'status' | 'reason' | 'facts' | 'detail'> {
  const cold = warmth.cold.filter((one) => one.part === part);
  const { replicas } = warmth;
  // Each service that has to be there has an agent.
  const absent = part === 'agent' ? warmth.absent : [];
  if (replicas > 0 && cold.length === 0 && absent.length === 0)
    return { status: 'pass', facts: { replicas }, detail: {} };
  return {
    status: 'fail',
    reason: 'not_ready',
    facts: { replicas, cold: [...new Set([...cold.map(({ service }) => service), ...absent])] },
    detail: { cold: cold.map(({ instance, state }) => ({ instance, state })) },
  };
}
