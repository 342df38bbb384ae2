import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Project } from '../compose/project.ts';
import { scriptedRedis } from '../spec/support/start-script.ts';

const run = promisify(execFile);

/** How an operator or a crash stops Redis before it starts again with its data. */
export const ways = ['restart', 'stop and start', 'kill -9 and start', 'down and up'] as const;
export type Way = (typeof ways)[number];

/** A Redis that `deploy/redis/start.sh` runs. */
export interface KeptRedis extends AsyncDisposable {
  /** The URL with the user and password of the services. After `down and up` the password is another one. */
  url(): Promise<string>;
  /** Returns when the port is open again. */
  begin(way: Way): Promise<void>;
  /** The output over all starts. */
  output(): Promise<string>;
}

export async function dockerIsThere(): Promise<boolean> {
  return run('docker', ['info']).then(
    () => true,
    () => false,
  );
}

/** Redis of this machine. */
export async function keptOnHost(): Promise<KeptRedis> {
  const redis = await scriptedRedis();
  await redis.start();
  return {
    url: () => redis.url(),
    async begin(way) {
      await redis.end(way === 'kill -9 and start' ? 'SIGKILL' : 'SIGTERM');
      if (way === 'down and up') await redis.forgetPassword();
      await redis.start();
    },
    output: async () => redis.output(),
    [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose](),
  };
}

/** Only the service `redis` of docker-compose.yml. */
export async function keptInCompose(valkey: boolean): Promise<KeptRedis> {
  const project = await Project.create({ name: `prosaas-faults-${valkey ? 'valkey' : 'redis'}`, valkey });
  const compose = (args: string[]): Promise<string> =>
    project.compose(args, ['test/faults/hold-password.yml']);
  const remove = ['down', '--volumes', '--remove-orphans', '--timeout', '5'];
  const up = ['up', '--wait', '--wait-timeout', '120', 'redis', 'holder'];
  const commands: Record<Way, string[][]> = {
    restart: [['restart', 'redis'], up],
    'stop and start': [['stop', 'redis'], ['start', 'redis'], up],
    'kill -9 and start': [['kill', 'redis'], ['start', 'redis'], up],
    'down and up': [['down'], up],
  };
  const printed: string[] = [];
  const logs = (): Promise<string> => compose(['logs', '--no-log-prefix', 'redis']);
  await compose(remove);
  await compose(up);
  return {
    async url() {
      const password = await compose(['exec', '-T', 'redis', 'cat', '/run/prosaas/redis-password']);
      return `redis://prosaas:${password}@127.0.0.1:${project.ports.REDIS_PORT}/0`;
    },
    async begin(way) {
      // The logs are removed with the container.
      if (way === 'down and up') printed.push(await logs());
      for (const command of commands[way]) await compose(command);
    },
    output: async () => [...printed, await logs()].join('\n'),
    [Symbol.asyncDispose]: async () => {
      await compose(remove);
    },
  };
}
