import { readFileSync } from 'node:fs';
import type { Job } from 'bullmq';
// BullMQ has no way to do more in the script that adds a job. Its text is run as it is, inside of ours.
import { addDelayedJob } from 'bullmq/dist/cjs/scripts/addDelayedJob-6.js';
import { addStandardJob } from 'bullmq/dist/cjs/scripts/addStandardJob-9.js';
import type { Redis } from 'ioredis';
import { countsKey, queueKey } from './queue-keys.ts';
import type { QueueName } from './queue-table.ts';

const bullScripts = { addStandardJob, addDelayedJob } as const;
type BullScript = keyof typeof bullScripts;

/** A command of ours and its arguments: for a connection, or for a MULTI. */
export interface CountedAdd {
  command: string;
  args: (string | number | Buffer)[];
}

/** The names that `defineCountedAdds` gives a connection. */
const commandOf = (script: BullScript): string => `counted${script[0]!.toUpperCase()}${script.slice(1)}`;

/** Adds the commands to a connection. Each adds a job as BullMQ does and counts it in the same step; 1 where the job is new, else 0. */
export function defineCountedAdds(redis: Redis): void {
  const count = readFileSync(new URL('../lua/count-enqueued.lua', import.meta.url), 'utf8');
  for (const [name, { content, keys }] of Object.entries(bullScripts)) {
    const lua = `local function add(KEYS, ARGV)\n${content}\nend
local added = add(KEYS, ARGV)
if type(added) == 'number' and added < 0 then return redis.error_reply('BullMQ refused the job: ' .. added) end
local KEYS = { KEYS[${keys + 1}], KEYS[${keys + 2}] }
local ARGV = { ARGV[#ARGV] }
${count}`;
    redis.defineCommand(commandOf(name as BullScript), { lua, numberOfKeys: keys + 2 });
  }
}

/** What adds a job. BullMQ itself makes the arguments of its part. */
export async function countedAdd(job: Job, queue: QueueName, bullPrefix: string): Promise<CountedAdd> {
  let made: CountedAdd | undefined;
  const runCommand = (versioned: string, bullArgs: CountedAdd['args']): number => {
    const script = versioned.split(':')[0] as BullScript;
    const { keys } = bullScripts[script];
    const own = [queueKey(bullPrefix, queue, job.id ?? ''), countsKey(bullPrefix)];
    const args = [...bullArgs.slice(0, keys), ...own, ...bullArgs.slice(keys), queue];
    made = { command: commandOf(script), args };
    return 0;
  };
  await job.addJob({ runCommand } as unknown as Parameters<Job['addJob']>[0]);
  return made!;
}
