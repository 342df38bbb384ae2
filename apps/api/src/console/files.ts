import { readFile, readdir } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';

const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
};

/** One file of the console's page. */
export interface ConsoleFile {
  type: string;
  /** Whether the name contains a hash of the content. */
  isHashed: boolean;
  /** Compressed forms first, if the build made them; the plain one is last. */
  forms: { encoding: 'br' | 'gzip' | undefined; body: Buffer }[];
}

/** Files by path: `index.html`, `assets/main-1a2b.js`. Empty if the page was not built. */
export async function readConsoleFiles(folder: string): Promise<ReadonlyMap<string, ConsoleFile>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const names = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)));
  const files = new Map<string, ConsoleFile>();
  for (const name of names) {
    const type = mediaTypes[extname(name)];
    if (type === undefined) continue;
    const forms: ConsoleFile['forms'] = [];
    for (const [encoding, suffix] of [
      ['br', '.br'],
      ['gzip', '.gz'],
    ] as const) {
      if (names.includes(name + suffix))
        forms.push({ encoding, body: await readFile(join(folder, name + suffix)) });
    }
    forms.push({ encoding: undefined, body: await readFile(join(folder, name)) });
    files.set(name, { type, isHashed: name.startsWith('assets/'), forms });
  }
  return files;
}
