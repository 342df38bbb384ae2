import { parseArgs } from 'node:util';

export interface DemoOptions {
  /** Undefined: until Ctrl-C. */
  minutes: number | undefined;
  /** Use the containers of Docker Compose instead of the stack of `npm start`. */
  compose: boolean;
  /** The same seed plays the same days. */
  seed: number | undefined;
}

const usage = 'npm run demo -- [--minutes N] [--compose] [--seed N]';

/** The arguments are invalid. The message is one line with the usage. */
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
    // The rest of Node's message is about values that begin with a dash.
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
