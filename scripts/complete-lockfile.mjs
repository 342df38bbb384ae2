// `node scripts/complete-lockfile.mjs`, after a change of dependencies: adds what npm leaves out of the lockfile, the builds of optional
// dependencies for other platforms (https://github.com/npm/cli/issues/4828). Without them `npm ci` fails on those platforms.
import { readFileSync, writeFileSync } from 'node:fs';

const path = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(path, 'utf8'));

const systems = { win32: 'win32', windows: 'win32', darwin: 'darwin', linux: 'linux', android: 'android' };
Object.assign(systems, {
  freebsd: 'freebsd',
  openbsd: 'openbsd',
  netbsd: 'netbsd',
  sunos: 'sunos',
  aix: 'aix',
});
Object.assign(systems, { openharmony: 'openharmony' });
const processors = {
  x64: 'x64',
  64: 'x64',
  ia32: 'ia32',
  arm64: 'arm64',
  arm: 'arm',
  ppc64: 'ppc64',
  s390x: 's390x',
};
Object.assign(processors, { ppc64le: 'ppc64', riscv64: 'riscv64', loong64: 'loong64', mips64el: 'mips64el' });
Object.assign(processors, { wasm32: 'wasm32', x86_64: 'x64', aarch64: 'arm64' });

/** The platform of a package, read from its name; undefined if the name has none. */
function platformOf(name) {
  const words = name.split(/[/.-]/);
  const os = words.map((word) => systems[word]).find(Boolean);
  const cpu = words.map((word) => processors[word]).find(Boolean);
  if (!os && cpu !== 'wasm32') return undefined;
  const libc = words.some((word) => word.startsWith('musl'))
    ? 'musl'
    : words.some((word) => word.startsWith('gnu'))
      ? 'glibc'
      : undefined;
  return {
    ...(cpu && { cpu: [cpu] }),
    ...(libc && os === 'linux' && { libc: [libc] }),
    ...(os && { os: [os] }),
  };
}

function find(from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const candidate = `${folder ? `${folder}/` : ''}node_modules/${name}`;
    if (lock.packages[candidate]) return candidate;
    if (folder === '') return undefined;
  }
}

let added = 0;
for (const [from, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (find(from, name)) continue;
    const platform = platformOf(name);
    if (!platform || !/^\d/.test(version)) {
      process.stderr.write(`${from} wants ${name} ${version}: add it by hand\n`);
      process.exitCode = 1;
      continue;
    }
    lock.packages[`node_modules/${name}`] = {
      version,
      ...platform,
      ...(entry.dev && { dev: true }),
      optional: true,
    };
    added += 1;
  }
}
const order = Object.keys(lock.packages).toSorted((a, b) => a.localeCompare(b, 'en'));
lock.packages = Object.fromEntries(order.map((key) => [key, lock.packages[key]]));
if (added > 0) writeFileSync(path, `${JSON.stringify(lock, undefined, 2)}\n`);
process.stdout.write(`${added} added\n`);
