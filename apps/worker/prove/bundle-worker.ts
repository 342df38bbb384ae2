import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const ownSources = pathOf('../src/');
const entries = [pathOf('worker-process.ts'), pathOf('../src/job-process.ts')] as const;

/**
 * Bundles the worker and its child process into one file each in `folder`, because bundles start three times as fast and a proof starts
 * hundreds. Other packages keep the `import.meta.url` of their sources, so they find the files beside those.
 *
 * @returns the path of the worker's bundle
 */
export async function bundleWorker(folder: string): Promise<string> {
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  const [worker] = await Promise.all(entries.map((entry) => bundle(entry, folder)));
  return worker!;
}

async function bundle(entry: string, folder: string): Promise<string> {
  const file = join(folder, basename(entry, '.ts').concat('.js'));
  await using bundled = await rolldown({
    input: entry,
    platform: 'node',
    resolve: { conditionNames: ['@prosaas/source', 'node'] },
    external: ['msgpackr-extract', 'pg-native'],
    logLevel: 'silent',
    plugins: [
      {
        name: 'keep-module-urls',
        transform: (code, id) =>
          id.startsWith(ownSources)
            ? undefined
            : code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href)),
      },
    ],
  });
  await bundled.write({ file, format: 'esm', codeSplitting: false });
  return file;
}
