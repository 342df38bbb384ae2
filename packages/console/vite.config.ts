import { type UserConfig, defineConfig } from 'vite';

const config: UserConfig = defineConfig({
  root: `${import.meta.dirname}/app`,
  // Relative, so that any path prefix of a proxy works.
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../site',
    emptyOutDir: true,
    target: 'es2022',
    // The content security policy forbids data: URLs in scripts and styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});

export default config;
