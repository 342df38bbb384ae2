// Builds the page into site/, unless it was already built from the same sources: `node packages/console/build.ts`
import { createHash } from 'node:crypto';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';

const here = import.meta.dirname;
const site = join(here, 'site');
const markFile = join(site, 'built-from');

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .toSorted();
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  const sources = [
    ...(await filesIn(join(here, 'app'))),
    join(here, 'vite.config.ts'),
    join(here, 'package.json'),
  ];
  for (const file of sources)
    hash
      .update(file.slice(here.length))
      .update('\0')
      .update(await readFile(file));
  return hash.digest('hex');
}

const sourceHash = await fingerprint();
const builtHash = await readFile(markFile, 'utf8').catch(() => '');
if (builtHash !== sourceHash) {
  const { build } = await import('vite');
  await build({ configFile: join(here, 'vite.config.ts'), logLevel: 'warn' });
  // Compressed once here instead of for every request.
  for (const file of await filesIn(site)) {
    const content = await readFile(file);
    await writeFile(`${file}.br`, await promisify(brotliCompress)(content));
    await writeFile(`${file}.gz`, await promisify(gzip)(content, { level: 9 }));
  }
  await writeFile(markFile, sourceHash);
}
