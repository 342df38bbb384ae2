import { parseArgs } from 'node:util';

export interface DemoOptions {
  /** Until Ctrl-C, if not said. */
  minutes: number | undefined;
  /** The containers of Docker Compose, not what `npm start` runs. */
  compose: boolean;
  /** The same seed plays the same days. */
  seed: number | undefined;
}

const usage = 'npm run demo -- [--minutes N] [--compose] [--seed N]';

/** Arguments that the demo does not understand, in one line. */
export class WrongArguments extends Error {
  override name = 'WrongArguments';
}

/** @throws WrongArguments */
export function readArguments(args: readonly string[]): DemoOptions {
  const { minutes, compose = false, seed } = parsed(args);
  return {
    compose,
    minutes: minutes === undefined ? undefined : numberIn('--minutes', minutes, 0.01, 10_000),
    seed: seed === undefined ? undefined : Math.floor(numberIn('--seed', seed, 0, 2 ** 32 - 1)),
  };
}

function parsed(args: readonly string[]): { minutes?: string; compose?: boolean; seed?: string } {
  try {
    return parseArgs({
      args: [...args],
      options: { minutes: { type: 'string' }, compose: { type: 'boolean' }, seed: { type: 'string' } },
    }).values;
  } catch (error) {
    // What follows the first sentence is about options that begin with a dash.
    const [reason = ''] = String(error instanceof Error ? error.message : error).split(/\.? To specify|\n/);
    throw new WrongArguments(`${reason.replace(/\.$/, '')}. Usage: ${usage}`, { cause: error });
  }
}

function numberIn(option: string, text: string, least: number, most: number): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= least && value <= most) return value;
  throw new WrongArguments(
    `${option} must be a number from ${least} to ${most}, not "${text}". Usage: ${usage}`,
  );
}
