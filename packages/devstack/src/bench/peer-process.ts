// Started by compare.ts: `node peer-process.ts <module> <peer> <milliseconds of a round>`. Runs one round of the peer for each message.
import { Measured, type Operation, type Peers, cpuNanoseconds } from './operation.ts';

const WARM_UP_MS = 250;

const [modulePath = '', name = '', milliseconds = ''] = process.argv.slice(2);
const roundMs = Number(milliseconds);
const { peers } = (await import(modulePath)) as Peers;
const make = peers[name];
if (!make) throw new Error(`${modulePath} has no peer ${name}`);
const operation = await make();
const times = await calibrate(operation);

process.on('message', () => {
  void round(operation, times).then((ns) => process.send!(ns / times));
});
process.send!('ready');

/** CPU time of the whole process, garbage collection included, so that other processes do not count. */
async function round(run: Operation, count: number): Promise<number> {
  const before = cpuNanoseconds();
  const result = await run(count);
  return result instanceof Measured ? result.ns : cpuNanoseconds() - before;
}

async function calibrate(run: Operation): Promise<number> {
  let count = 1;
  let spent = 0;
  for (let turn = 0; spent < WARM_UP_MS * 1e6 && turn < 5000; turn++) {
    const ns = await round(run, count);
    spent += ns;
    if (ns < (roundMs * 1e6) / 4) count *= 2;
  }
  const ns = Math.max(1, await round(run, count));
  const calibrated = Math.max(1, Math.round((count * roundMs * 1e6) / ns));
  await round(run, calibrated);
  return calibrated;
}
