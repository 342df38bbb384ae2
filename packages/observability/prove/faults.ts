import {
  changeVersion,
  foldTwice,
  freezeBriefly,
  freezeLong,
  kill,
  loseReply,
  setClock,
} from './process-faults.ts';
import type { Random } from '@prosaas/devstack';
import { flushScripts, freezeRedis, restartRedis, rollBackRedis } from './redis-faults.ts';
import type { InjectedFault, TestBed } from './test-bed.ts';

export interface Fault {
  /** Faults of processes are injected concurrently, faults of Redis one after the other. */
  readonly lane: 'process' | 'redis';
  /** Number of injections in ten rounds. */
  readonly times: number;
  readonly inject: (testBed: TestBed, random: Random) => Promise<InjectedFault[]>;
}

/** Without FLUSHALL, which ends each round after an audit. */
export const FAULTS: readonly Fault[] = [
  { lane: 'process', times: 14, inject: kill },
  { lane: 'process', times: 12, inject: changeVersion },
  { lane: 'process', times: 24, inject: setClock },
  { lane: 'process', times: 30, inject: loseReply },
  { lane: 'process', times: 20, inject: flushScripts },
  { lane: 'process', times: 11, inject: freezeBriefly },
  { lane: 'process', times: 11, inject: freezeLong },
  // Two processes each.
  { lane: 'process', times: 7, inject: foldTwice },
  { lane: 'redis', times: 11, inject: freezeRedis },
  { lane: 'redis', times: 11, inject: restartRedis },
  { lane: 'redis', times: 11, inject: rollBackRedis },
];
