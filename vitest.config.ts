import { type ViteUserConfig, defineConfig } from 'vitest/config';

const conditions = ['@prosaas/source', 'node', 'import', 'module', 'default'];

const config: ViteUserConfig = defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['{apps,packages}/*/{src,test}/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    execArgv: ['--conditions=@prosaas/source'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});

export default config;
