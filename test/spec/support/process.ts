import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../../', import.meta.url));

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

export interface Running {
  stdout(): string;
  stop(): void;
  ended: Promise<Ended>;
}

/** Starts a source file of the repository. */
export function startSource(
  file: string,
  { env = {}, args = [] }: { env?: Record<string, string>; args?: string[] } = {},
): Running {
  const { PATH, HOME, NODE_COMPILE_CACHE } = process.env;
  const inherited = { PATH, HOME, NODE_COMPILE_CACHE };
  const command = ['--conditions=@prosaas/source', file, ...args];
  const { promise: ended, resolve } = Promise.withResolvers<Ended>();
  const child = execFile(
    process.execPath,
    command,
    { cwd: repository, env: { ...inherited, ...env } },
    (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }),
  );
  let printed = '';
  child.stdout?.on('data', (text: string) => {
    printed += text;
  });
  return { stdout: () => printed, stop: () => child.kill('SIGTERM'), ended };
}

/** Runs a source file of the repository and waits for its end. */
export function runSource(
  file: string,
  options: { env?: Record<string, string>; args?: string[] } = {},
): Promise<Ended> {
  return startSource(file, options).ended;
}
