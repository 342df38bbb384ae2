import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort, isPortFree, poll } from '@prosaas/devstack';

const run = promisify(execFile);
const repository = fileURLToPath(new URL('../../', import.meta.url));
/** `TEST_REDIS=valkey` runs the tests about Redis on Valkey. */
export const onValkey: boolean = process.env['TEST_REDIS'] === 'valkey';
export const redisCli: string = onValkey ? 'valkey-cli' : 'redis-cli';

const DEFAULT_PORTS = {
  API_PORT: 5000,
  CALLS_PORT: 5050,
  BAILEYS_PORT: 3300,
  REDIS_PORT: 6379,
  SIMULATOR_PORT: 9301,
};

export interface Container {
  Name: string;
  Service: string;
  State: string;
  Health: string;
  ExitCode: number;
}

export interface ProjectOptions {
  name?: string;
  /** Use Valkey instead of Redis. */
  valkey?: boolean;
  /** Settings as in .env. */
  env?: Record<string, string>;
}

/** A Compose project for a test, built from this working tree. */
export class Project {
  readonly #env: NodeJS.ProcessEnv;
  readonly #name: string;
  readonly #files: string[];
  readonly #options: readonly string[];
  readonly ports: typeof DEFAULT_PORTS;

  private constructor(
    ports: typeof DEFAULT_PORTS,
    { name = 'prosaas-test', valkey = onValkey, env = {} }: ProjectOptions,
  ) {
    this.ports = ports;
    this.#name = name;
    this.#files = ['docker-compose.yml', 'deploy/compose.simulator.yml'];
    if (valkey) this.#files.push('deploy/compose.valkey.yml');
    this.#options = ['-p', name, '--env-file', '/dev/null', ...this.#files.flatMap((file) => ['-f', file])];
    const text = Object.entries(ports).map(([setting, port]) => [setting, String(port)]);
    // Without this machine's settings, as in a project without .env.
    this.#env = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...Object.fromEntries(text), ...env };
  }

  /** Uses the default ports if they are free. */
  static async create(options: ProjectOptions = {}): Promise<Project> {
    const ports = { ...DEFAULT_PORTS };
    for (const name of Object.keys(DEFAULT_PORTS) as (keyof typeof DEFAULT_PORTS)[]) {
      if (await isPortFree(DEFAULT_PORTS[name])) continue;
      ports[name] = await freePort();
      console.log(`port ${DEFAULT_PORTS[name]} is taken: ${name}=${ports[name]}`);
    }
    return new Project(ports, options);
  }

  /** `docker compose ...`; `extra` are further Compose files. */
  async compose(args: string[], extra: string[] = []): Promise<string> {
    const more = extra.flatMap((file) => ['-f', file]);
    const { stdout } = await this.#docker(['compose', ...this.#options, ...more, ...args]);
    return stdout;
  }

  /** Runs a command on this machine whose `docker compose` finds this project. */
  async beside(command: string, args: string[]): Promise<string> {
    const env = {
      ...this.#env,
      COMPOSE_PROJECT_NAME: this.#name,
      COMPOSE_FILE: this.#files.join(':'),
      COMPOSE_DISABLE_ENV_FILE: '1',
    };
    const { stdout } = await run(command, args, { cwd: repository, env, timeout: 5 * 60_000 });
    return stdout;
  }

  async inspect<T>(container: string, format: string): Promise<T> {
    const { stdout } = await this.#docker(['inspect', '-f', format, container]);
    return JSON.parse(stdout) as T;
  }

  async containers(): Promise<Container[]> {
    const lines = await this.compose(['ps', '--all', '--format', 'json']);
    return lines
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Container);
  }

  /** The health by service, as `docker compose ps` prints it; a stopped container has none. */
  async health(): Promise<Record<string, string>> {
    const containers = await this.containers();
    return Object.fromEntries(containers.map(({ Service, Health }) => [Service, Health]));
  }

  async #docker(args: string[]): Promise<{ stdout: string }> {
    try {
      return await run('docker', args, {
        cwd: repository,
        env: this.#env,
        maxBuffer: 64 * 1024 * 1024,
        timeout: 15 * 60_000,
      });
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      const tail = `${stdout}\n${stderr}`.slice(-6000);
      throw new Error(`docker ${args.join(' ')} failed:\n${tail}`, { cause: error });
    }
  }

  async nameOf(service: string): Promise<string> {
    const container = (await this.containers()).find(({ Service }) => Service === service);
    if (!container) throw new Error(`${service} has no container`);
    return container.Name;
  }

  /** The health once it has not changed for longer than the healthchecks need to change it. */
  async settledHealth(): Promise<Record<string, string>> {
    let last = '';
    let since = performance.now();
    return poll(
      async () => {
        const health = await this.health();
        const text = JSON.stringify(health);
        if (text !== last) since = performance.now();
        last = text;
        return performance.now() - since > 15_000 && health;
      },
      { timeoutMs: 120_000, everyMs: 500, what: 'the health column to stand still' },
    );
  }
}
