// Used by the scripts of package.json. Plain JavaScript for Node 20 without dependencies: installs what a fresh clone lacks, then runs a
// script with the Node 24 among the dependencies.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const node24 = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

/** Installs the dependencies if some are missing, then runs a TypeScript file with Node 24 and exits with its code. */
export function run(script, args = process.argv.slice(2)) {
  const [major] = process.versions.node.split('.').map(Number);
  if (major < 20) fail(`Node ${process.versions.node} is too old: ProSaaS needs Node 20 or newer.`);
  if (!isInstalled()) install();
  handOver(script, args);
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** Compares versions, not dates, because a checkout changes the lockfile's date without changing a version. */
function isInstalled() {
  let wanted;
  let present;
  try {
    wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
    present = JSON.parse(readFileSync(join(root, 'node_modules', '.package-lock.json'), 'utf8')).packages;
  } catch {
    return false;
  }
  const installed = Object.entries(wanted).every(
    ([path, { version, optional, peer, link }]) =>
      !path.includes('node_modules/') ||
      optional ||
      peer ||
      (link ? present[path]?.link === true : present[path]?.version === version),
  );
  return installed && existsSync(node24);
}

function install() {
  process.stdout.write('Installing dependencies (npm ci) ...\n');
  const npm = process.env.npm_execpath;
  const [command, args] = npm ? [process.execPath, [npm, 'ci']] : ['npm', ['ci']];
  const { status, error } = spawnSync(command, [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) fail(`npm ci failed${error ? `: ${error.message}` : ''}.`);
}

/** Runs a TypeScript file of the repository with Node 24. */
export function handOver(script, args) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  // Before Node 24.9 a server cannot refuse an upgrade.
  const isNew = major > 24 || (major === 24 && minor >= 9);
  if (!existsSync(node24) && !isNew) {
    fail(
      'The npm package "node" has no binary: were install scripts switched off? Run "npm rebuild node", or use Node 24.9 or newer.',
    );
  }
  const child = spawn(
    existsSync(node24) ? node24 : process.execPath,
    ['--conditions=@prosaas/source', join(root, script), ...args],
    {
      cwd: root,
      stdio: 'inherit',
      env: {
        ...process.env,
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(root, 'node_modules', '.cache', 'node'),
      },
    },
  );
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.once('exit', (code) => {
    process.exitCode = code ?? 1;
  });
}
