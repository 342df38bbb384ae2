import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { findExecutable } from './executables.ts';

/** The account to run PostgreSQL as, because it refuses to run as root. Containers and fresh servers run everything as root. */
export interface Account {
  uid: number;
  gid: number;
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** The account to use instead of root: `postgres` if the machine has it, else `nobody`. */
export function unprivilegedAccount(): Account {
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const fields = accounts.find((line) => line.startsWith(`${name}:`))?.split(':');
    if (fields) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  throw new Error('PostgreSQL does not run as root, and this machine has neither a user postgres nor nobody');
}

/**
 * Wraps a command so that it runs as another account. If that account may not enter the folders above `paths` (a clone under /root), the
 * command keeps the capability to do so.
 */
export function asAccount(
  { uid, gid }: Account,
  paths: string[],
  command: string,
  args: string[],
): { command: string; args: string[] } {
  const setpriv = findExecutable('setpriv');
  if (!setpriv) {
    throw new Error(
      'PostgreSQL does not run as root: run this as another user, or install setpriv (util-linux)',
    );
  }
  // initdb calls access(2) first, which ignores the capability without this secure bit.
  const entry = paths.every(isOpenToAll)
    ? []
    : ['--securebits=+no_setuid_fixup', '--inh-caps=+dac_override', '--ambient-caps=+dac_override'];
  return {
    command: setpriv,
    args: [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', ...entry, '--', command, ...args],
  };
}

/** Whether everyone may pass through every folder above the path. */
function isOpenToAll(path: string): boolean {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
