import { parseArgs } from 'node:util';
import type { Limits } from './finding.ts';

export const usage = `usage: prosaas-check [options]

Looks once at the api's health, at what was counted and at the worker's heartbeat. Prints a line for each fault and ends as a Nagios
plugin does: 0 all is well, 1 warning, 2 critical, 3 it could not tell.

  --url <url>                the api; http://localhost:<API_PORT> unless given
  --token-file <file>        holds the metrics token; else METRICS_TOKEN, else the token that was generated
  --redis <url>              reads the heartbeat from Redis itself instead of from the api's answer
  --heartbeat <w>,<c>        age of the last heartbeat, in seconds (60,90)
  --dead-letter <w>,<c>      jobs that went to the dead letter within the window (0,9)
  --calls-rejected <w>,<c>   calls that were turned away within the window (0,9)
  --stalled <w>,<c>          jobs that were enqueued within the window while none was done (0,0)
  --window <seconds>         how far back rises count (600)
  --exclude <check>          leaves a check of /api/health out; may be repeated
  --timeout <seconds>        how long an answer may take (10)
  --state <file>             where earlier readings are kept; a file in the temporary folder unless given
  --quiet                    prints nothing when all is well
  --help

More than <w> is a warning, more than <c> is critical. docs/alerting.md tells more.`;

const known = {
  url: { type: 'string' },
  'token-file': { type: 'string' },
  redis: { type: 'string' },
  heartbeat: { type: 'string', default: '60,90' },
  'dead-letter': { type: 'string', default: '0,9' },
  'calls-rejected': { type: 'string', default: '0,9' },
  stalled: { type: 'string', default: '0,0' },
  window: { type: 'string', default: '600' },
  exclude: { type: 'string', multiple: true, default: [] as string[] },
  timeout: { type: 'string', default: '10' },
  state: { type: 'string' },
  quiet: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

export interface CheckOptions {
  /** Without a slash at its end; undefined: the api of this machine. */
  url: string | undefined;
  tokenFile: string | undefined;
  redisUrl: string | undefined;
  limits: {
    heartbeat: Limits;
    deadLetter: Limits;
    callsRejected: Limits;
    stalled: Limits;
  };
  windowSeconds: number;
  exclude: string[];
  timeoutMs: number;
  stateFile: string | undefined;
  quiet: boolean;
  help: boolean;
}

export class BadUsage extends Error {}

/** Throws `BadUsage` on what is no argument. */
export function parseOptions(args: string[]): CheckOptions {
  const { values } = parse(args);
  return {
    url: values.url === undefined ? undefined : parseUrl(values.url),
    tokenFile: values['token-file'],
    redisUrl: values.redis,
    limits: {
      heartbeat: parseLimits('heartbeat', values.heartbeat),
      deadLetter: parseLimits('dead-letter', values['dead-letter']),
      callsRejected: parseLimits('calls-rejected', values['calls-rejected']),
      stalled: parseLimits('stalled', values.stalled),
    },
    windowSeconds: parseSeconds('window', values.window, 86_400),
    exclude: values.exclude,
    timeoutMs: parseSeconds('timeout', values.timeout, 60) * 1000,
    stateFile: values.state,
    quiet: values.quiet,
    help: values.help,
  };
}

function parse(args: string[]): ReturnType<typeof parseArgs<{ options: typeof known }>> {
  try {
    return parseArgs({ args, options: known });
  } catch (cause) {
    throw new BadUsage(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function parseUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new BadUsage(`--url is an address such as http://localhost:5000, not ${text}`);
  return url.href.replace(/\/$/, '');
}

function parseLimits(name: string, text: string): Limits {
  const [, warning, critical] = /^(\d{1,9}),(\d{1,9})$/.exec(text) ?? [];
  const limits = { warning: Number(warning), critical: Number(critical) };
  if (!(limits.warning <= limits.critical))
    throw new BadUsage(
      `--${name} is two whole numbers, the second no smaller than the first, such as 5,10, not ${text}`,
    );
  return limits;
}

function parseSeconds(name: string, text: string, most: number): number {
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (seconds >= 1 && seconds <= most) return seconds;
  throw new BadUsage(`--${name} is a number of seconds from 1 to ${most}, not ${text}`);
}
