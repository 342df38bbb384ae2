// A process under test: reads the totals again and again, folds lapsed processes, and records what it read.
import { openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { MetricsReader, MetricsUnknown, type MetricsReading } from '../src/index.ts';
import { redisStore } from '../src/metrics/store.ts';
import { CATALOGUES, PREFIX } from './catalogue.ts';
import { connect } from './connect.ts';
import { now } from './now.ts';
import { type Line, flatten } from './readings.ts';
import { LEASE_MS, TIMES } from './times.ts';

export interface ReadingOptions {
  readonly name: string;
  readonly ledger: string;
  readonly redis: readonly number[];
  readonly cluster: boolean;
}

const { name, ledger, redis: ports, cluster } = JSON.parse(process.argv[2]!) as ReadingOptions;
const file = openSync(ledger, 'a');
const print = (line: string): void => void process.stdout.write(`${line}\n`);

const redis = connect(ports, cluster);
const byHand = redisStore(connect(ports, cluster), PREFIX, TIMES);
const reader = new MetricsReader({
  redis,
  keyPrefix: PREFIX,
  // Like an api that is not upgraded yet, it knows only the old version.
  catalogue: CATALOGUES[0]!,
  leaseMs: LEASE_MS,
  times: TIMES,
  onError: () => undefined,
});

let paused = false;
createInterface({ input: process.stdin })
  .on('line', (line) => void execute(line.split(' ')))
  .on('close', () => process.exit(1));

async function execute([id, command, argument]: string[]): Promise<void> {
  switch (command) {
    case 'pause':
    case 'resume':
      paused = command === 'pause';
      await turn;
      return print(`${id} true`);
    case 'fold': {
      const folding = byHand.fold({ mode: 'lapsed', leaseMs: LEASE_MS, epochs: [argument!] });
      print(`${id} sent`);
      const answer = await folding.then(
        ({ folded }) => folded.join(),
        (error: unknown) => `failed: ${String(error)}`,
      );
      return print(`${id} folded ${answer}`);
    }
  }
}

let last: ReadonlyMap<string, number> = new Map();
let lastSince = 0;
let turn: Promise<void> = Promise.resolve();

async function readOnce(): Promise<void> {
  const begin = now();
  let reading: MetricsReading;
  try {
    reading = await reader.read();
  } catch (error) {
    if (error instanceof MetricsUnknown) return;
    throw error;
  }
  const end = now();
  const values = flatten(reading);
  const { since, complete } = reading;
  if (since !== lastSince) last = new Map();
  const changed = [...values].filter(([key, value]) => last.get(key) !== value);
  const gone = [...last.keys()].filter((key) => !values.has(key));
  const line: Line = { name, begin, end, since, complete, changed, gone };
  writeSync(file, `${JSON.stringify(line)}\n`);
  last = values;
  lastSince = since;
}

print('counting');
for (;;) {
  if (!paused) await (turn = readOnce());
  await delay(60);
}
