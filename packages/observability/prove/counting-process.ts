// A process under test: counts all the time, publishes, and records in its ledger what it does.
import { openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Redis } from 'ioredis';
import { MetricsRegistry, startMetricsPublisher } from '../src/index.ts';
import { CATALOGUES, PREFIX, SERVICE } from './catalogue.ts';
import { connect } from './connect.ts';
import { now } from './now.ts';
import { INTERVAL_MS, LEASE_MS, TIMES } from './times.ts';

export interface CountingOptions {
  readonly who: string;
  readonly version: 0 | 1;
  readonly ledger: string;
  readonly redis: readonly number[];
  readonly cluster: boolean;
}

const { who, version, ledger, redis: ports, cluster } = JSON.parse(process.argv[2]!) as CountingOptions;
const file = openSync(ledger, 'a');
/** The ledger is an append-only file, so that it is intact however this process ends. */
const record = (line: string): void => void writeSync(file, `${line}\n`);
const print = (line: string): void => void process.stdout.write(`${line}\n`);

const registry = new MetricsRegistry(CATALOGUES[version]!);
const jobs = registry.counter('jobs', { who });
const sizes = registry.histogram('sizes', { who });
registry.gauge('alive', { who }).set(1);
let extras: { add(step: number): void } | undefined;

let collections = 0;
const redis = connect(ports, cluster);
watchAnswers(redis);
const publisher = startMetricsPublisher({
  redis,
  keyPrefix: PREFIX,
  registry: {
    collect: () => {
      record(`k ${now()} ${++collections}`);
      return registry.collect();
    },
  },
  source: { service: SERVICE, instance: who },
  intervalMs: INTERVAL_MS,
  leaseMs: LEASE_MS,
  times: TIMES,
  onError: () => undefined,
});

let turns = 0;
let paused = false;
const counting = setInterval(() => {
  if (paused) return;
  const step = 1 + (turns++ % 5);
  if (version === 1 && turns === 40) extras = registry.counter('extras', { who });
  // Recorded before it is counted. A process that is killed in between has not counted it, which is within the allowed loss.
  record(`c ${now()} ${step} ${extras ? step : 0}`);
  jobs.add(step);
  sizes.observe(step);
  extras?.add(step);
  if (turns === 5) print('counting');
}, 10);

createInterface({ input: process.stdin })
  .on('line', (line) => void execute(line.split(' ')))
  .on('close', () => process.exit(1));

async function execute([id, command, argument]: string[]): Promise<void> {
  switch (command) {
    case 'pause':
      paused = true;
      return print(`${id} true`);
    case 'resume':
      paused = false;
      return print(`${id} true`);
    case 'flush':
      return print(`${id} ${await publisher.flush()}`);
    case 'clock':
      (globalThis as unknown as { shiftClock(toMs: number): void }).shiftClock(Number(argument));
      return print(`${id} ${Date.now()}`);
    case 'leave':
      clearInterval(counting);
      await publisher[Symbol.asyncDispose]();
      redis.disconnect();
      record(`l ${now()}`);
      process.exit(0);
  }
}

/** Records which collection Redis stored, and in which store. It is observed on the wire, independently of the publisher. */
function watchAnswers(client: Redis): void {
  for (const name of ['evalsha', 'eval'] as const) {
    const original = client[name].bind(client) as (...args: unknown[]) => Promise<unknown>;
    const watched = async (...args: unknown[]): Promise<unknown> => {
      const collection = collections;
      const sentAt = now();
      const answer = await original(...args);
      if (Array.isArray(answer) && answer.length === 5) {
        const [status, , store] = answer as string[];
        // A request that registers an epoch carries no values.
        const isTaken = status === 'ok' || status === 'late';
        const taken = isTaken && registers(args) ? 'registered' : status;
        record(`a ${now()} ${collection} ${taken} ${store} ${now() - sentAt}`);
      }
      return answer;
    };
    Object.assign(client, { [name]: watched });
  }
}

/** The arguments are the script, the number of keys, the keys, the epoch, the blob and the flag. */
function registers(args: readonly unknown[]): boolean {
  return args[4 + Number(args[1])] === '1';
}
