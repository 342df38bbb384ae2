import { type UserConfig, defineConfig } from 'vite';

const config: UserConfig = defineConfig({
  root: `${import.meta.dirname}/app`,
  // Behind whatever prefix a proxy puts it.
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../site',
    emptyOutDir: true,
    target: 'es2022',
    // The content policy takes no data: in scripts and styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});

export default config;
