import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { keysOf, simulatedStack } from '../demo-stack.ts';

const repository = fileURLToPath(new URL('../../../../', import.meta.url));

/** A running stack with a simulator, and its keys. */
export interface FoundStack {
  api: string;
  baileys: string;
  simulator: string;
  keys: Record<string, string>;
  /** The command that prints the console's key. */
  keyCommand: string;
}

/** @throws an error that says what to start, if no stack runs */
export async function findStack({ compose }: { compose: boolean }): Promise<FoundStack> {
  const stack = compose ? await composeStack() : startedStack();
  for (const url of [`${stack.simulator}/health`, `${stack.api}/healthz`]) {
    if (!(await isAnswered(url))) throw new Error(`${url} is not answered. ${howToStart(compose)}`);
  }
  return stack;
}

export async function isAnswered(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(5000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}

function startedStack(): FoundStack {
  const stack = simulatedStack();
  return { ...stack, keys: keysOf(stack), keyCommand: 'npm run -s keys ADMIN_KEY' };
}

async function composeStack(): Promise<FoundStack> {
  try {
    const [api, baileys, simulator] = await Promise.all([
      published('api', 5000),
      published('baileys', 3300),
      published('simulator', 9301),
    ]);
    // Keys that the operator set are in the container's environment, generated ones are in the database.
    const script = "prosaas-keys 2>/dev/null; env | grep -E '^(ADMIN_KEY|API_KEY|METRICS_TOKEN)=.'; true";
    const lines = (await dockerCompose('exec', '-T', 'api', 'sh', '-c', script)).split('\n');
    return { api, baileys, simulator, keys: readKeys(lines), keyCommand: composeKeyCommand };
  } catch (cause) {
    throw new Error(`No containers with a simulator run here. ${howToStart(true)}`, { cause });
  }
}

const composeKeyCommand = 'docker compose exec api prosaas-keys ADMIN_KEY';

function howToStart(compose: boolean): string {
  return compose
    ? 'First: docker compose -f docker-compose.yml -f deploy/compose.simulator.yml up --wait'
    : 'First, in another terminal: npm start -- --simulator';
}

/** Reads lines of `NAME=value`. Takes the first of several metrics tokens. */
export function readKeys(lines: readonly string[]): Record<string, string> {
  const read = lines.flatMap((line) => {
    const [, name, value] = /^([A-Z_]+)=(.+)$/.exec(line.trim()) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value.split(',')[0] ?? ''] as const];
  });
  return Object.fromEntries(read);
}

async function published(service: string, port: number): Promise<string> {
  const address = (await dockerCompose('port', service, String(port))).trim();
  return `http://localhost:${new URL(`http://${address}`).port}`;
}

async function dockerCompose(...args: string[]): Promise<string> {
  const files = ['docker-compose.yml', 'deploy/compose.simulator.yml'].flatMap((file) => ['-f', file]);
  const { stdout } = await promisify(execFile)('docker', ['compose', ...files, ...args], { cwd: repository });
  return stdout;
}
