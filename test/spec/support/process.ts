import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../../', import.meta.url));

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a source file of the repository to its end; one that goes on is stopped by SIGTERM after `timeoutMs`. */
export function runSource(
  file: string,
  options: { env?: Record<string, string>; args?: string[]; timeoutMs?: number } = {},
): Promise<Ended> {
  const { env = {}, args = [], timeoutMs = 20_000 } = options;
  const inherited = { PATH: process.env['PATH'], HOME: process.env['HOME'] };
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--conditions=@prosaas/source', file, ...args],
      { cwd: repository, env: { ...inherited, ...env }, timeout: timeoutMs },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}
