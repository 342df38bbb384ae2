import { availableParallelism } from 'node:os';
import { type ViteUserConfig, defineConfig } from 'vitest/config';

// Nothing more: vitest hands these to node too, where `import` would also hold for require() and break packages that ship both.
const conditions = ['@prosaas/source', 'node'];

const config: ViteUserConfig = defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'all',
          include: ['{apps,packages}/*/{src,test}/**/*.test.ts', 'test/**/*.test.ts'],
          // Needs a Docker engine: has a configuration of its own.
          exclude: ['**/node_modules/**', '**/dist/**', 'test/compose/**'],
        },
      },
      {
        extends: true,
        test: {
          name: 'cluster',
          include: ['apps/worker/test/{worker,schedules,retention,instruments}.test.ts'],
          env: { DEVSTACK_REDIS: 'cluster' },
        },
      },
    ],
    globalSetup: ['packages/devstack/src/vitest-global-setup.ts'],
    pool: 'forks',
    // Whole-service tests wait for services more than they compute.
    maxWorkers: Math.max(4, availableParallelism() - 1),
    execArgv: ['--conditions=@prosaas/source'],
    // Whole stacks start and stop in them, four at a time, on machines that do other things too.
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
});

export default config;
