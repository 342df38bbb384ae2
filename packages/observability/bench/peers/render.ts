import { cpuNanoseconds, Measured, type Operation, type Peers } from '@prosaas/devstack/bench';
import { makers } from './series.ts';

const SERIES = 10_000;
const CHUNK = 64;
const kinds = { all: 1, 'a tenth': 10 } as const;

/** `prosaas, all`: renders 10,000 series after all changed, or after all in a tenth of the chunks did. */
export const peers: Peers['peers'] = Object.fromEntries(
  Object.entries(makers).flatMap(([name, make]) =>
    Object.entries(kinds).map(([kind, every]) => [`${name}, ${kind}`, () => rendering(make(SERIES), every)]),
  ),
);

function rendering(set: ReturnType<(typeof makers)[string]>, every: number): Operation {
  let turn = 0;
  return async (times) => {
    let ns = 0;
    for (let time = 0; time < times; time++) {
      turn++;
      for (let i = 0; i < SERIES; i++) if ((Math.floor(i / CHUNK) + turn) % every === 0) set.step(i);
      const before = cpuNanoseconds();
      await set.render();
      ns += cpuNanoseconds() - before;
    }
    return new Measured(ns);
  };
}
