import { Measured, type Operation, type Peers } from '@prosaas/devstack/bench';
import { makers } from './series.ts';

const SERIES = 100_000;

/** The longest time for which rendering 100,000 changed series blocks the event loop. */
export const peers: Peers['peers'] = Object.fromEntries(
  Object.entries(makers).map(([name, make]) => [name, () => holding(make(SERIES))]),
);

/** Measures the CPU time of the main thread between two turns, so that other processes on the core do not count. */
function holding(set: ReturnType<(typeof makers)[string]>): Operation {
  return async (times) => {
    let sum = 0;
    for (let time = 0; time < times; time++) {
      for (let i = 0; i < SERIES; i++) set.step(i);
      let longest = 0;
      let before = threadNanoseconds();
      let watching = true;
      const turn = (): void => {
        const now = threadNanoseconds();
        longest = Math.max(longest, now - before);
        before = now;
        if (watching) setImmediate(turn);
      };
      await new Promise((resolve) => setImmediate(resolve));
      before = threadNanoseconds();
      setImmediate(turn);
      await set.render();
      longest = Math.max(longest, threadNanoseconds() - before);
      watching = false;
      sum += longest;
    }
    return new Measured(sum);
  };
}

function threadNanoseconds(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) * 1000;
}
