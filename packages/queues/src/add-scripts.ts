import { readFileSync } from 'node:fs';
import type { Job } from 'bullmq';
// BullMQ has no way to do more in the script that adds a job. Its text is run as it is, inside of ours.
import { addDelayedJob } from 'bullmq/dist/cjs/scripts/addDelayedJob-6.js';
import { addStandardJob } from 'bullmq/dist/cjs/scripts/addStandardJob-9.js';
import type { Redis } from 'ioredis';

const bullScripts = { addStandardJob, addDelayedJob } as const;
type BullScript = keyof typeof bullScripts;

/** How many arguments each of them has beside its keys. */
const BULL_ARGUMENTS = 3;

/** Ours, in which `add()` is BullMQ's. */
const ownScripts = {
  addCounted: { file: 'add-counted', keys: 2 },
  moveToDeadLetter: { file: 'move-to-dead-letter', keys: 3 },
} as const;
type OwnScript = keyof typeof ownScripts;

type Arguments = (string | number | Buffer)[];

/** For a connection that has the commands, or for a MULTI. */
interface AddCommand {
  command: string;
  args: Arguments;
}

/** The name that a connection has it under. */
const commandOf = (own: OwnScript, bull: BullScript): string => `${own}:${bull}`;

/** Adds the commands to a connection: each of ours around each of BullMQ's. */
export function defineAddCommands(redis: Redis): void {
  for (const [own, { file, keys: ownKeys }] of Object.entries(ownScripts)) {
    const text = readFileSync(new URL(`../lua/${file}.lua`, import.meta.url), 'utf8');
    for (const [bull, { content, keys }] of Object.entries(bullScripts)) {
      const lua = `local function bull(KEYS, ARGV)\n${content}\nend
local function add()
  local added = bull(KEYS, ARGV)
  if type(added) == 'number' and added < 0 then error('BullMQ refused the job: ' .. added) end
end
local KEYS, ARGV = { unpack(KEYS, ${keys + 1}) }, { unpack(ARGV, ${BULL_ARGUMENTS + 1}) }
${text}`;
      redis.defineCommand(commandOf(own as OwnScript, bull as BullScript), {
        lua,
        numberOfKeys: keys + ownKeys,
      });
    }
  }
}

/** What adds a job inside of a script of ours, with its `keys` and `args`. BullMQ itself makes the arguments of its part. */
export async function addCommand(
  own: OwnScript,
  job: Job,
  { keys, args }: { keys: readonly string[]; args: Arguments },
): Promise<AddCommand> {
  let made: AddCommand | undefined;
  const runCommand = (versioned: string, bullArgs: Arguments): number => {
    const bull = versioned.split(':')[0] as BullScript;
    const { keys: bullKeys } = bullScripts[bull];
    made = {
      command: commandOf(own, bull),
      args: [...bullArgs.slice(0, bullKeys), ...keys, ...bullArgs.slice(bullKeys), ...args],
    };
    return 0;
  };
  await job.addJob({ runCommand } as unknown as Parameters<Job['addJob']>[0]);
  return made!;
}
