import { type ViteUserConfig, defineConfig } from 'vitest/config';
import shared from '../../vitest.config.ts';

const config: ViteUserConfig = defineConfig({
  resolve: shared.resolve ?? {},
  ssr: shared.ssr ?? {},
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/compose/*.test.ts'],
    pool: 'forks',
    testTimeout: 300_000,
    hookTimeout: 900_000,
    bail: 1,
  },
});

export default config;
