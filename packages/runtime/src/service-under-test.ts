// Run as a child by service.test.ts: a service that does what its first argument says.
import { Type } from 'typebox';
import { CommonConfig } from './common-config.ts';
import { Port } from './config-fields.ts';
import { createLogger } from './logger.ts';
import { type RunningService, runService } from './service.ts';
import { supervise } from './supervisor.ts';

const behaviour = process.argv[2] ?? '';
const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function start(): Promise<RunningService> {
  const work = setInterval(() => {}, 1000);
  if (behaviour === 'fails-to-start') throw new Error('no port');
  if (behaviour === 'hangs-at-start') {
    say('starting');
    await new Promise(() => {});
  }
  if (behaviour === 'warns') process.emitWarning('too many listeners');
  say('ready');
  if (behaviour === 'rejects') void Promise.reject(new Error('nobody handles this'));
  return {
    drain: () => {
      say('drained');
      if (behaviour === 'fails-to-drain') throw new Error('no drain');
    },
    async [Symbol.asyncDispose]() {
      say('disposing');
      if (behaviour === 'hangs') await new Promise(() => {});
      if (behaviour !== 'leaks') clearInterval(work);
      say('disposed');
    },
  };
}

if (behaviour.startsWith('hangs')) {
  const log = createLogger({ service: 'worker', instance: 'test', level: 'info' });
  await supervise({ start, log, drainMs: 0, deadlineMs: Number(process.argv[3]) });
} else {
  const Config = Type.Object({ ...CommonConfig.properties, TEST_PORT: Port(5000, 'A port') });
  await runService('worker', Config, start);
}
