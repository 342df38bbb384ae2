import { spawn, spawnSync } from 'node:child_process';
import { findExecutable } from './executables.ts';
import { isRoot } from './unprivileged.ts';

/** A program from the system's packages: its name for people, its executables, and its package for each package manager. */
export interface SystemPackage {
  title: string;
  executables: readonly string[];
  packages: Readonly<Partial<Record<Manager, string>>>;
  /** An alternative to installing it, for messages: `or set REDIS_URL to one that runs`. */
  orElse?: string;
}

type Manager = 'apt-get' | 'dnf' | 'apk' | 'pacman' | 'brew';

const managers: Readonly<Record<Manager, { before?: string[]; install: string[]; needsRoot: boolean }>> = {
  'apt-get': {
    before: ['apt-get', 'update', '-qq'],
    install: ['apt-get', 'install', '-y', '-qq', '--no-install-recommends'],
    needsRoot: true,
  },
  dnf: { install: ['dnf', 'install', '-y', '-q'], needsRoot: true },
  apk: { install: ['apk', 'add', '--quiet'], needsRoot: true },
  pacman: { install: ['pacman', '-Sy', '--noconfirm'], needsRoot: true },
  brew: { install: ['brew', 'install'], needsRoot: false },
};

/** A program is missing and could not be installed. The message contains the command that installs it. */
class CannotInstall extends Error {
  override name = 'CannotInstall';
}

/** Installs a program with the system's package manager if it is missing. @throws CannotInstall */
export async function ensureInstalled(wanted: SystemPackage, say: (line: string) => void): Promise<void> {
  const { title, executables, packages, orElse } = wanted;
  const isThere = (): boolean => findExecutable(...executables) !== undefined;
  if (isThere()) return;
  const otherwise = orElse === undefined ? '.' : `, ${orElse}.`;
  const name = (Object.keys(packages) as Manager[]).find((one) => findExecutable(one) !== undefined);
  if (name === undefined)
    throw new CannotInstall(`${title} is missing. Install ${executables.join(' or ')}${otherwise}`);
  const manager = managers[name];
  const commands = [...(manager.before ? [manager.before] : []), [...manager.install, packages[name] ?? '']];
  const mayNot = manager.needsRoot && !isRoot();
  const byHand = commands.map((command) => (mayNot ? ['sudo', ...command] : command).join(' ')).join(' && ');
  const help = `Install it with\n\n  ${byHand}\n\n${orElse === undefined ? '' : `${orElse}.`}`;
  if (mayNot && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status !== 0)
    throw new CannotInstall(`${title} is missing. ${help}`);
  for (const command of commands) {
    const line = mayNot ? ['sudo', '-n', ...command] : command;
    say(`${title} is missing: ${line.join(' ')}`);
    const code = await runVisibly(line);
    if (code !== 0)
      throw new CannotInstall(`${title} is missing and could not be installed (code ${code}). ${help}`);
  }
  if (!isThere()) throw new CannotInstall(`${title} is still missing after "${byHand}".`);
}

function runVisibly([command = '', ...args]: string[]): Promise<number> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return new Promise((resolve) => {
    child.once('error', () => resolve(127));
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
