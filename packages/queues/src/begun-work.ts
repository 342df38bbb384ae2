import type { Redis } from 'ioredis';
import { openBull } from './bull-handle.ts';
import { queueKey } from './queue-keys.ts';
import type { QueueName } from './queue-table.ts';

/** Work on the message of job `job`, done by job `by`, which holds its lock by `token`. They may be the same. */
interface Work {
  job: string;
  by: string;
  token: string;
}

/**
 * What was begun and never ended: notes in Redis of who works on what, so that a process that dies of a message is held against that
 * message, whichever of its conversation's jobs came to it.
 */
export interface BegunWork {
  /** `busy`: another worker is at it, or has job `by`, or it failed and is tried again at its time. `suspect`: a worker died of it, or may have. */
  begin(queue: QueueName, work: Work): Promise<'begun' | 'busy' | 'suspect'>;
  /**
   * In the sandbox whose process is named. `condemned`: `SANDBOX_DEATHS` others began it and never ended it. One that its worker
   * did not outlive counts half: a container that is killed takes both.
   */
  beginApart(queue: QueueName, work: Work & { process: string }): Promise<'begun' | 'busy' | 'condemned'>;
  /** The message is done: whoever died, it was not of this. */
  end(queue: QueueName, job: string): Promise<void>;
  /** However it went, whoever began it lives: `who` is the token of a worker's job, or the sandbox's process. */
  takeBack(queue: QueueName, work: { job: string; who: string }): Promise<void>;
  /** Somebody is at it, or died of it. */
  isNoted(queue: QueueName, job: string): Promise<boolean>;
}

/** One may have been killed from outside: by a kernel out of memory, say, that took the wrong one. */
const SANDBOX_DEATHS = 2;
/** It goes when the work ends, or with the job to the dead letter; this is for those that get lost. */
const NOTE_KEPT_MS = 7 * 86_400_000;

const OUTCOMES = ['begun', 'busy', 'suspect', 'condemned'] as const;

/** Throws `QueuesUnavailable` while Redis is away. */
export function openBegunWork({ redis, bullPrefix }: { redis: Redis; bullPrefix: string }): BegunWork {
  const bull = openBull(redis, bullPrefix);
  const noteOf = (queue: QueueName, job: string): string => queueKey(bullPrefix, queue, `${job}:begun`);
  const begin = async (queue: QueueName, { job, by, token }: Work, process: string): Promise<number> => {
    const keys = [job, 'active', 'delayed', ''].map((type) => queueKey(bullPrefix, queue, type));
    // A token is the worker's id and a number.
    const worker = token.slice(0, token.lastIndexOf(':'));
    return bull.run('beginWork', [...keys, job, by, token, worker, process, SANDBOX_DEATHS, NOTE_KEPT_MS]);
  };
  return {
    async begin(queue, work) {
      return OUTCOMES[await begin(queue, work, '')] as 'begun' | 'busy' | 'suspect';
    },
    async beginApart(queue, { process, ...work }) {
      return OUTCOMES[await begin(queue, work, process)] as 'begun' | 'busy' | 'condemned';
    },
    async end(queue, job) {
      await bull.run('del', [noteOf(queue, job)]);
    },
    async takeBack(queue, { job, who }) {
      await bull.run('hdel', [noteOf(queue, job), who]);
    },
    async isNoted(queue, job) {
      return (await bull.run('exists', [noteOf(queue, job)])) === 1;
    },
  };
}
