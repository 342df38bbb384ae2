import { spawn, spawnSync } from 'node:child_process';
import { findExecutable } from './executables.ts';
import { isRoot } from './unprivileged.ts';

interface PackageManager {
  program: string;
  /** Run one after another. */
  commands: string[][];
  needsRoot: boolean;
}

const managers: readonly PackageManager[] = [
  {
    program: 'apt-get',
    commands: [
      ['apt-get', 'update', '-qq'],
      ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', 'redis-server'],
    ],
    needsRoot: true,
  },
  { program: 'dnf', commands: [['dnf', 'install', '-y', '-q', 'valkey']], needsRoot: true },
  { program: 'apk', commands: [['apk', 'add', '--quiet', 'redis']], needsRoot: true },
  { program: 'pacman', commands: [['pacman', '-Sy', '--noconfirm', 'valkey']], needsRoot: true },
  { program: 'brew', commands: [['brew', 'install', 'redis']], needsRoot: false },
];

/** A Redis server is missing and could not be installed; the message carries the command that does it. */
class CannotInstallRedis extends Error {
  override name = 'CannotInstallRedis';
}

/** Makes sure that there is a redis-server or valkey-server, by the system's package manager where that is allowed. */
export async function ensureRedisInstalled(say: (line: string) => void): Promise<void> {
  if (findExecutable('redis-server', 'valkey-server')) return;
  const manager = managers.find(({ program }) => findExecutable(program) !== undefined);
  if (!manager) {
    throw new CannotInstallRedis(
      'Redis is missing. Install redis-server or valkey-server, or set REDIS_URL to one that runs.',
    );
  }
  const prefix = !manager.needsRoot || isRoot() ? [] : ['sudo', '-n'];
  const commands = manager.commands.map((command) => [...prefix, ...command]);
  const byHand = manager.commands
    .map((command) => (manager.needsRoot && !isRoot() ? ['sudo', ...command] : command).join(' '))
    .join(' && ');
  if (prefix.length > 0 && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status !== 0) {
    throw new CannotInstallRedis(
      `Redis is missing. Install it with\n\n  ${byHand}\n\nor set REDIS_URL to one that runs.`,
    );
  }
  for (const command of commands) {
    say(`Redis is missing: ${command.join(' ')}`);
    const code = await runVisibly(command);
    if (code !== 0) {
      throw new CannotInstallRedis(
        `Redis is missing and could not be installed (code ${code}). Install it with\n\n  ${byHand}\n\n` +
          'or set REDIS_URL to one that runs.',
      );
    }
  }
  if (!findExecutable('redis-server', 'valkey-server')) {
    throw new CannotInstallRedis(`Redis is still missing after "${byHand}".`);
  }
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
