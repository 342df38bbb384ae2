import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** Below `node_modules`, so that packages outside a bundle are found. */
const cache = fromRoot('node_modules/.cache/bundles/');
/** Bundles that nobody asked for during this time are deleted. */
const KEPT_MS = 24 * 3_600_000;

const SIBLING_SCRIPT = /new URL\('(\.\/[\w-]+)\.ts', import\.meta\.url\)/g;

/**
 * Bundles each of `entries`, source files, with everything that it imports. Tests and proofs start bundles because a bundle starts in a
 * third of the processor time. `import.meta.url` stays the URL of the source, so modules find the files beside them; but a script that
 * one entry starts by `new URL('./NAME.ts', import.meta.url)` is started as a bundle if it is an entry, too.
 *
 * @param name of the folder, to which a hash of the bundles is added: other sources never change a bundle that is in use
 * @returns the paths of the bundles
 */
export async function bundleSources(name: string, entries: readonly string[]): Promise<string[]> {
  const bundles = await Promise.all(
    entries.map(async (entry) => ({ file: fileOf(entry), code: await bundle(entry, entries) })),
  );
  const hash = createHash('sha256').update(JSON.stringify(bundles)).digest('hex').slice(0, 16);
  const folder = join(cache, `${name}-${hash}`);
  await mkdir(cache, { recursive: true });
  if (!existsSync(folder)) {
    const unfinished = await mkdtemp(join(cache, `${name}-`));
    await Promise.all(bundles.map(({ file, code }) => writeFile(join(unfinished, file), code)));
    // If another run was faster, its folder has the same bundles.
    await rename(unfinished, folder).catch(() => rm(unfinished, { recursive: true }));
  }
  await utimes(folder, new Date(), new Date());
  await removeOld(name);
  return bundles.map(({ file }) => join(folder, file));
}

const fileOf = (entry: string): string => `${basename(entry, '.ts')}.mjs`;

async function bundle(entry: string, entries: readonly string[]): Promise<string> {
  // Loaded when it is needed: most tests that import this package bundle nothing.
  const { rolldown } = await import('rolldown');
  const { external, absent } = JSON.parse(readFileSync(fromRoot('scripts/not-bundled.json'), 'utf8')) as {
    external: Record<string, string>;
    absent: string[];
  };
  await using bundled = await rolldown({
    input: entry,
    platform: 'node',
    resolve: { conditionNames: ['@prosaas/source', 'node'] },
    external: [...Object.keys(external), ...absent].map((name) => new RegExp(`^${name}(/|$)`)),
    logLevel: 'silent',
    plugins: [{ name: 'source-urls', transform: (code, id) => withSourceUrls(code, id, entries) }],
  });
  const { output } = await bundled.generate({ format: 'esm', codeSplitting: false });
  return output[0].code;
}

function withSourceUrls(code: string, id: string, entries: readonly string[]): string | undefined {
  if (!/import\.meta\.url|__dirname|__filename/.test(code)) return undefined;
  const source = JSON.stringify(pathToFileURL(id).href);
  return code
    .replaceAll(SIBLING_SCRIPT, (whole, script: string) =>
      entries.includes(join(dirname(id), `${script}.ts`))
        ? `new URL('${script}.mjs', IMPORT_META_URL)`
        : whole,
    )
    .replaceAll('import.meta.url', source)
    .replaceAll('IMPORT_META_URL', 'import.meta.url')
    .replaceAll(/\b__dirname\b/g, JSON.stringify(dirname(id)))
    .replaceAll(/\b__filename\b/g, JSON.stringify(id));
}

async function removeOld(name: string): Promise<void> {
  for (const folder of (await readdir(cache)).filter((one) => one.startsWith(`${name}-`))) {
    const path = join(cache, folder);
    // Another run may have removed it.
    const used = await stat(path).catch(() => undefined);
    if (used && used.mtimeMs < Date.now() - KEPT_MS) await rm(path, { recursive: true, force: true });
  }
}
