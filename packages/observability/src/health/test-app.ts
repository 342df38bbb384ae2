import { poll } from '@prosaas/devstack';
import fastify, { type FastifyInstance } from 'fastify';
import { onTestFinished } from 'vitest';
import type { CheckReport } from './check.ts';
import { HealthRegistry } from './registry.ts';
import { healthRoutes } from './routes.ts';
import { livenessProbes, readinessProbe, versionRoute } from './standard-probes.ts';

/** Resources that are disposed of when the running test has finished. */
export function disposedAfterTest(): AsyncDisposableStack {
  const stack = new AsyncDisposableStack();
  onTestFinished(() => stack.disposeAsync());
  return stack;
}

export interface TestApp {
  app: FastifyInstance;
  health: HealthRegistry;
  /** Sets what a check reports from now on. Resolves when it has run `times` times. */
  set(check: 'database' | 'redis', outcome: CheckReport | Error, times?: number): Promise<void>;
}

/** A Fastify app with the checks database and redis, which is closed after the test. */
export async function build(): Promise<TestApp> {
  const outcomes: Record<string, CheckReport | Error> = { database: {}, redis: {} };
  const runs: Record<string, number> = { database: 0, redis: 0 };
  const cleanup = disposedAfterTest();
  const health = cleanup.use(new HealthRegistry({ intervalMs: 5 }));
  for (const [name, component] of [
    ['database', 'postgres'],
    ['redis', 'redis'],
  ] as const) {
    health.register({
      name,
      component,
      componentType: 'datastore',
      run: () => {
        const outcome = outcomes[name]!;
        if (outcome instanceof Error) throw outcome;
        return outcome;
      },
    });
  }
  health.onResult(({ name }) => void runs[name]!++);
  const app = fastify();
  cleanup.defer(() => app.close());
  await app.register(healthRoutes, {
    health,
    canSeeDetails: (request) => request.headers.authorization === 'Bearer token',
    probes: [
      ...livenessProbes(),
      readinessProbe(['database'], ['redis']),
      {
        path: '/api/health',
        name: 'health',
        required: ['database'],
        body: {
          pass: () => ({ status: 'healthy' }),
          fail: ({ checks }) => ({ status: 'unhealthy', checks }),
        },
      },
    ],
  });
  await app.register(versionRoute({ build: 59 }));
  health.start();
  const set: TestApp['set'] = async (check, outcome, times = 1) => {
    outcomes[check] = outcome;
    const from = runs[check]!;
    await poll(() => runs[check]! >= from + times, { everyMs: 1 });
  };
  await set('redis', {});
  return { app, health, set };
}

/** An error that names an address, which only the token may show. */
export const refused = (): Error =>
  Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:5432'), { code: 'ECONNREFUSED' });
