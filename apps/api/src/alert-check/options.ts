import { parseArgs } from 'node:util';
import type { Limits } from './finding.ts';

export const usage = `usage: prosaas-check [options]

Checks the api's health, its counters and the worker's heartbeat once. Prints a line for each fault. The exit code is that of a Nagios
plugin: 0 ok, 1 warning, 2 critical, 3 unknown.

  --url <url>                address of the api (http://localhost:<API_PORT>)
  --token-file <file>        file with the metrics token; without it METRICS_TOKEN or the generated token
  --redis <url>              read the heartbeat from Redis, not from the api's answer
  --heartbeat <w>,<c>        age of the last heartbeat, in seconds (60,90)
  --dead-letter <w>,<c>      jobs added to the dead letter within the window (0,9)
  --calls-rejected <w>,<c>   calls rejected within the window (0,9)
  --stalled <w>,<c>          jobs enqueued within the window while none ended (0,0)
  --window <seconds>         window of the counters (600)
  --exclude <check>          leave out a check of /api/health; may be repeated
  --timeout <seconds>        timeout of each answer (10)
  --state <file>             file for earlier readings (in the temporary folder)
  --quiet                    print nothing if there is no fault
  --help

A value above <w> is a warning, one above <c> is critical. More in docs/alerting.md.`;

const optionTypes = {
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
  /** Without a trailing slash. Undefined: the api on this machine. */
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

/** @throws BadUsage */
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

function parse(args: string[]): ReturnType<typeof parseArgs<{ options: typeof optionTypes }>> {
  try {
    return parseArgs({ args, options: optionTypes });
  } catch (cause) {
    throw new BadUsage(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function parseUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new BadUsage(`--url must be an address such as http://localhost:5000, not ${text}`);
  return url.href.replace(/\/$/, '');
}

function parseLimits(name: string, text: string): Limits {
  const [, warning, critical] = /^(\d{1,9}),(\d{1,9})$/.exec(text) ?? [];
  const limits = { warning: Number(warning), critical: Number(critical) };
  if (!(limits.warning <= limits.critical))
    throw new BadUsage(
      `--${name} must be two whole numbers such as 5,10, the second at least as large as the first, not ${text}`,
    );
  return limits;
}

function parseSeconds(name: string, text: string, max: number): number {
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (seconds >= 1 && seconds <= max) return seconds;
  throw new BadUsage(`--${name} must be a number of seconds from 1 to ${max}, not ${text}`);
}
