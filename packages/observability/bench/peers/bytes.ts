// Prints the bytes for each of 10,000 rendered series of one peer: `node --expose-gc bytes.ts <peer>`.
import { makers } from './series.ts';

const SERIES = 10_000;

const make = makers[process.argv[2] ?? ''];
if (!make || !globalThis.gc) throw new Error('usage: node --expose-gc bytes.ts <peer>');
const { gc } = globalThis;

// The memory of the code itself is not counted.
const small = make(100);
await small.render();
const before = used();
const set = make(SERIES);
for (let turn = 0; turn < 3; turn++) {
  for (let i = 0; i < SERIES; i++) set.step(i);
  await set.render();
}
console.log((used() - before) / SERIES);
set.step(0);

function used(): number {
  for (let turn = 0; turn < 5; turn++) gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
