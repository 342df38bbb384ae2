import { availableParallelism } from 'node:os';
import { type ViteUserConfig, defineConfig } from 'vitest/config';

// Nothing more: vitest hands these to node too, where `import` would also hold for require() and break packages that ship both.
const conditions = ['@prosaas/source', 'node'];

const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
};

const tests = {
  // Needs a Docker engine: has a configuration of its own.
  exclude: ['**/node_modules/**', '**/dist/**', 'test/compose/**'],
  pool: 'forks' as const,
  execArgv: ['--conditions=@prosaas/source'],
  // Whole stacks start and stop in them, three at a time, on machines that do other things too.
  testTimeout: 60_000,
  hookTimeout: 180_000,
  expect: { poll: { timeout: 20_000 } },
} satisfies ViteUserConfig['test'];

const browserTests = 'test/browser/*.test.ts';

/** Unit tests that need a process of their own. */
const changesItsProcess = ['packages/simulators/src/whatsapp/signal-device.test.ts'];

const config: ViteUserConfig = defineConfig({
  ...shared,
  test: {
    globalSetup: ['packages/devstack/src/vitest-global-setup.ts'],
    // Whole-service tests wait for services, too; a fourth on two processors only makes all of them late.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    projects: [
      {
        ...shared,
        // Many small files: one process runs them one after the other, and imports what they share once.
        test: {
          ...tests,
          name: 'unit',
          include: ['{apps,packages}/*/{src,app,eval}/**/*.test.ts'],
          exclude: [...tests.exclude, ...changesItsProcess],
          isolate: false,
        },
      },
      {
        ...shared,
        test: {
          ...tests,
          name: 'services',
          include: ['{apps,packages}/*/test/**/*.test.ts', 'test/**/*.test.ts', ...changesItsProcess],
          exclude: [...tests.exclude, browserTests],
        },
      },
      {
        ...shared,
        // A project of its own, because vitest begins with the first name: these files take longest.
        test: { ...tests, name: 'browser', include: [browserTests] },
      },
      {
        ...shared,
        // The same files once more, on three nodes: what `eitherRedis()` starts.
        test: {
          ...tests,
          name: 'cluster',
          include: [
            'packages/queues/src/{relay,lost-jobs,queue-control,queue-totals,job-reader,bullmq-contract}.test.ts',
            'apps/worker/test/{worker,kill,schedules}.test.ts',
          ],
          env: { TEST_REDIS: 'cluster' },
        },
      },
    ],
  },
});

export default config;
