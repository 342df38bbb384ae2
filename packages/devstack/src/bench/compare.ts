import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Choose short rounds to measure CPU time, and long ones to measure elapsed time. */
export interface CompareOptions {
  rounds?: number;
  roundMs?: number;
}

/**
 * Nanoseconds for one operation of each peer, one number a round: CPU time, or what the peer measured itself. Every peer has a process of
 * its own, so that none runs code that another made polymorphic. They take turns, in an order that changes.
 */
export async function compare(
  module: URL,
  names: readonly string[],
  { rounds = 11, roundMs = 60 }: CompareOptions = {},
): Promise<Record<string, number[]>> {
  const results: Record<string, number[]> = Object.fromEntries(names.map((name) => [name, []]));
  const children: [string, ChildProcess][] = [];
  try {
    for (const name of names) children.push([name, await startPeer(module, name, roundMs)]);
    for (let round = 0; round < rounds; round++) {
      const order = round % 2 === 0 ? children : children.toReversed();
      for (const [name, child] of order) {
        child.send('round');
        results[name]!.push(await answerOf<number>(child, name));
      }
    }
  } finally {
    for (const [, child] of children) child.kill();
  }
  return results;
}

async function startPeer(module: URL, name: string, roundMs: number): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('peer-process.ts', import.meta.url));
  const child = fork(script, [module.href, name, String(roundMs)], {
    execArgv: ['--conditions=@prosaas/source', '--expose-gc', '--disable-warning=ExperimentalWarning'],
  });
  await answerOf(child, name);
  return child;
}

async function answerOf<T>(child: ChildProcess, name: string): Promise<T> {
  const ended = new AbortController();
  try {
    const [answer] = (await Promise.race([
      once(child, 'message', { signal: ended.signal }),
      once(child, 'exit', { signal: ended.signal }).then(() => {
        throw new Error(`the process of ${name} ended before it answered`);
      }),
    ])) as [T];
    return answer;
  } finally {
    ended.abort();
  }
}
