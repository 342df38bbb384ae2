import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './npm-start.ts';

export interface Prometheus {
  prometheus: string;
  promtool: string;
}

const unpacked = join(repository, 'node_modules/.cache/prometheus');

/**
 * Prometheus and promtool: those on the PATH, otherwise from Debian's package. It is unpacked, not installed, because its installation starts
 * a server. Undefined if there is neither, which is an error in CI.
 */
export function findPrometheus(): Prometheus | undefined {
  if (isThere('prometheus') && isThere('promtool')) return { prometheus: 'prometheus', promtool: 'promtool' };
  if (!existsSync(unpacked) && isThere('apt-get')) unpack();
  if (existsSync(unpacked)) {
    const program = (name: string): string => join(unpacked, 'usr/bin', name);
    return { prometheus: program('prometheus'), promtool: program('promtool') };
  }
  if (process.env['CI']) throw new Error("there is no Prometheus here, and Debian's package cannot be got");
  return undefined;
}

const isThere = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;

/** Several test files may unpack it at once. The first one to finish wins. */
function unpack(): void {
  mkdirSync(join(unpacked, '..'), { recursive: true });
  const folder = mkdtempSync(`${unpacked}-`);
  const tree = join(folder, 'tree');
  const run = (command: string, args: string[]): boolean =>
    spawnSync(command, args, { cwd: folder, timeout: 120_000, stdio: 'ignore' }).status === 0;
  const take = (name: string): boolean =>
    run('apt-get', ['download', '-qq', name]) &&
    globSync(`${name}_*.deb`, { cwd: folder }).every((archive) => run('dpkg', ['-x', archive, tree]));
  // A fresh machine has no package lists. Since Debian 13, promtool is in a package of its own.
  const isTaken =
    (take('prometheus') || (run('apt-get', ['update', '-qq']) && take('prometheus'))) &&
    (existsSync(join(tree, 'usr/bin/promtool')) || take('promtool'));
  if (isTaken && !existsSync(unpacked)) {
    try {
      renameSync(tree, unpacked);
    } catch (error) {
      if (!existsSync(unpacked)) throw error;
    }
  }
  rmSync(folder, { recursive: true, force: true });
}
