// `node scripts/assemble-image.mjs apps/api /out/api`, run by the Dockerfile: writes the files of an app's image, which are one bundle for
// each entry, the files that its workspaces read, and the packages that cannot be bundled.
import { cpSync, existsSync, lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { bundle, external } from './bundle.mjs';

const [app, out] = process.argv.slice(2);
const root = process.cwd();

/** Files that are started by their path or imported dynamically, by workspace. */
const entries = {
  'apps/api': ['dist/main.js', 'dist/keys.js', 'dist/jobs.js', 'dist/check.js', 'dist/profile.js'],
  'apps/calls': ['dist/main.js'],
  'apps/worker': ['dist/main.js', 'dist/job-process.js'],
  'apps/baileys': ['dist/main.js'],
  'packages/agentkit': ['dist/voice-worker.js'],
  'packages/simulators': ['dist/main.js'],
};

/** Files of the repository that an app reads. */
const files = { 'apps/api': ['docs/observability.md', 'docs/runbook.md'] };

const manifest = (folder) => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));

/** Finds a package as Node does: from the folder upwards. */
function find(from, name) {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (basename(folder) !== 'node_modules' && existsSync(join(root, candidate, 'package.json')))
      return candidate;
    if (folder === '.') return undefined;
  }
}

const workspaces = new Set();
/** The external packages and their dependencies. */
const packages = new Set();
const bundled = new Set();
const walked = new Set();

/** @param shipped whether the folder is a package that is not bundled; then its dependencies are not bundled either */
function visit(folder, shipped) {
  const key = `${folder} ${shipped}`;
  if (walked.has(key)) return;
  walked.add(key);
  if (shipped) packages.add(folder);
  else if (folder.includes('node_modules')) bundled.add(folder);
  else workspaces.add(folder);
  const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } = manifest(folder);
  const isOptional = (name) => name in (optionalDependencies ?? {}) || peerDependenciesMeta?.[name]?.optional;
  for (const name of Object.keys({ ...peerDependencies, ...optionalDependencies, ...dependencies })) {
    const found = find(folder, name);
    // If an optional peer is installed, another package needs it.
    if (peerDependenciesMeta?.[name]?.optional && !dependencies?.[name]) continue;
    if (found === undefined) {
      if (!isOptional(name)) throw new Error(`${folder} needs ${name}, which is not installed`);
    } else if (lstatSync(join(root, found)).isSymbolicLink()) {
      visit(relative(root, join(root, dirname(found), readlinkSync(join(root, found)))), false);
    } else {
      visit(found, shipped || name in external);
    }
  }
}

visit(app, false);

for (const folder of packages) {
  cpSync(join(root, folder), join(out, folder), {
    recursive: true,
    // A nested package is copied only if it is needed.
    filter: (source) =>
      !relative(join(root, folder), source).split('/').includes('node_modules') && !source.endsWith('.map'),
  });
}
/** Not copied: code, which is in the bundle, and files that production does not need. */
const leftOut = new Set([
  'app',
  'bench',
  'build.ts',
  'dist',
  'eval',
  'examples',
  'node_modules',
  'prove',
  'scripts',
  'src',
  'test',
  'tsconfig.json',
  'tsconfig.tsbuildinfo',
  'vite.config.ts',
  'README.md',
]);
for (const folder of workspaces) {
  for (const name of readdirSync(join(root, folder))) {
    if (!leftOut.has(name)) cpSync(join(root, folder, name), join(out, folder, name), { recursive: true });
  }
  const own = (entries[folder] ?? []).map((entry) => join(folder, entry));
  for (const entry of own) await bundle({ root, entry, entries: own, out });
}
// Licences of the bundled packages.
for (const folder of bundled) {
  for (const name of readdirSync(join(root, folder))) {
    if (/^(licen[cs]e|copying|notice)/i.test(name))
      cpSync(join(root, folder, name), join(out, 'licenses', folder.split('node_modules/').at(-1), name), {
        recursive: true,
      });
  }
}
for (const file of files[app] ?? []) cpSync(join(root, file), join(out, file));
cpSync(join(root, 'package.json'), join(out, 'package.json'));
process.stdout.write(`${app}: ${workspaces.size} workspaces, ${packages.size} packages beside the bundle\n`);
