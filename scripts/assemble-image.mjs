// Lays out what one app's image ships: the built app, the workspaces it needs, and the packages of node_modules that any
// of them depends on in production. `node scripts/assemble-image.mjs apps/api /out/api`
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  lstatSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

const [app, out] = process.argv.slice(2);
const root = process.cwd();

const manifest = (folder) => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));

/** Node's own way of looking: from the folder upwards. */
function find(from, name) {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (basename(folder) !== 'node_modules' && existsSync(join(root, candidate, 'package.json')))
      return candidate;
    if (folder === '.') return undefined;
  }
}

const packages = new Set();
const workspaces = new Set();
const links = new Map();

function visit(folder) {
  const seen = folder.includes('node_modules') ? packages : workspaces;
  if (seen.has(folder)) return;
  seen.add(folder);
  const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } = manifest(folder);
  const wanted = { ...peerDependencies, ...optionalDependencies, ...dependencies };
  for (const name of Object.keys(wanted)) {
    const found = find(folder, name);
    if (found === undefined) {
      const dispensable = name in (optionalDependencies ?? {}) || peerDependenciesMeta?.[name]?.optional;
      if (!dispensable) throw new Error(`${folder} needs ${name}, which is not installed`);
    } else if (
      dependencies?.[name] === undefined &&
      optionalDependencies?.[name] === undefined &&
      isOptionalPeer(name)
    ) {
      // An optional peer that only happens to be here for somebody else.
    } else if (lstatSync(join(root, found)).isSymbolicLink()) {
      const target = relative(root, join(root, dirname(found), readlinkSync(join(root, found))));
      links.set(found, target);
      visit(target);
    } else {
      visit(found);
    }
  }

  function isOptionalPeer(name) {
    return peerDependenciesMeta?.[name]?.optional === true;
  }
}

visit(app);

for (const folder of packages) {
  cpSync(join(root, folder), join(out, folder), {
    recursive: true,
    // A nested package comes along when somebody needs it.
    filter: (source) =>
      !relative(join(root, folder), source).split('/').includes('node_modules') && !source.endsWith('.map'),
  });
}
const leftOut = new Set([
  'src',
  'test',
  'bench',
  'scripts',
  'examples',
  'node_modules',
  'tsconfig.json',
  'tsconfig.tsbuildinfo',
  'README.md',
]);
for (const folder of workspaces) {
  for (const name of readdirSync(join(root, folder))) {
    if (leftOut.has(name)) continue;
    cpSync(join(root, folder, name), join(out, folder, name), {
      recursive: true,
      filter: (source) => !/\.(test\.[^/]*|d\.ts|map|tsbuildinfo)$/.test(source),
    });
  }
}
for (const [link, target] of links) {
  mkdirSync(dirname(join(out, link)), { recursive: true });
  symlinkSync(relative(dirname(join(out, link)), join(out, target)), join(out, link));
}
cpSync(join(root, 'package.json'), join(out, 'package.json'));
process.stdout.write(`${app}: ${workspaces.size} workspaces, ${packages.size} packages\n`);
