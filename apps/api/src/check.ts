// A check of the stack for cron and monitoring systems: `npx --no -- prosaas-check --help`, in containers `prosaas-check`.
import { ConfigError, errorReason, loadConfig, redisAddress } from '@prosaas/runtime';
import { type AnswerOrFinding, type Totals, askHealth, askTotals } from './alert-check/api-answers.ts';
import { CheckConfig } from './alert-check/config.ts';
import type { Finding } from './alert-check/finding.ts';
import { ageFromHealth, ageFromRedis } from './alert-check/heartbeat.ts';
import { evaluateHealth, evaluateHeartbeat, evaluateRises } from './alert-check/evaluate.ts';
import { BadUsage, type CheckOptions, parseOptions, usage } from './alert-check/options.ts';
import { type Rises, addReading, risesOf } from './alert-check/readings.ts';
import { type Report, exitCodes, measuresOf, report } from './alert-check/report.ts';
import { defaultStateFile, readState, writeState } from './alert-check/state-file.ts';
import { readToken } from './alert-check/token.ts';

async function check(options: CheckOptions): Promise<Report> {
  const config = loadConfig(CheckConfig, process.env);
  const { redisUrl, timeoutMs, limits } = options;
  const url = options.url ?? `http://localhost:${config.API_PORT}`;
  const findings: Finding[] = [];
  const take = <T>(result: AnswerOrFinding<T>): T | undefined => {
    if ('answer' in result) return result.answer;
    findings.push(result.finding);
    return undefined;
  };

  const token = await readToken(options.tokenFile, config);
  const address = { url, token: 'answer' in token ? token.answer : undefined, timeoutMs };
  const checks = take(await askHealth(address, options.exclude));
  findings.push(...evaluateHealth(checks ?? []));

  const redis = redisUrl && redisAddress({ ...config, REDIS_URL: redisUrl });
  const age = redis
    ? take(await ageFromRedis(redis, { namespace: config.REDIS_NAMESPACE, timeoutMs }))
    : ageFromHealth(checks ?? []);
  if (age !== undefined) findings.push(...evaluateHeartbeat(age, limits.heartbeat, checks ?? []));

  const totals =
    checks !== undefined && take(token) !== undefined ? take(await askTotals(address)) : undefined;
  if (totals?.complete === false) findings.push(incomplete);
  const rises = totals?.complete === true ? take(await risesSince(totals, url, options)) : undefined;
  if (rises) findings.push(...evaluateRises(rises, limits));

  const heartbeat = typeof age === 'number' ? `, last heartbeat ${Math.round(age)} s ago` : '';
  const first = rises === undefined ? ', rises are known from the next run on' : '';
  return report(findings, `healthy${heartbeat}${first}`, measuresOf({ age, totals, rises, limits }));
}

const incomplete: Finding = {
  level: 'WARNING',
  subject: 'metrics',
  text: 'the totals are old or incomplete: Redis is away, or a service has just started or does not publish',
};

/** Undefined at the first run, which has no earlier reading. */
async function risesSince(
  { reading }: Totals,
  url: string,
  { stateFile, windowSeconds }: CheckOptions,
): Promise<AnswerOrFinding<Rises | undefined>> {
  const file = stateFile ?? defaultStateFile(url);
  try {
    const readings = addReading(await readState(file), reading, windowSeconds);
    await writeState(file, readings);
    return { answer: risesOf(readings, windowSeconds) };
  } catch (error) {
    const text = `earlier readings cannot be kept in ${file} (${errorReason(error).error}): name another file with --state`;
    return { finding: { level: 'UNKNOWN', subject: 'state', text } };
  }
}

/** The report if the check itself failed. */
function reportFailure(error: unknown): Report {
  const isKnown = error instanceof BadUsage || error instanceof ConfigError;
  const text = isKnown ? error.message : `failed: ${errorReason(error).error}`;
  return report([{ level: 'UNKNOWN', subject: 'prosaas-check', text: `${text}; see --help` }], '', []);
}

async function main(args: string[]): Promise<void> {
  const options = parseOptions(args);
  if (options.help) return console.log(usage);
  const { level, text } = await check(options);
  if (level !== 'OK' || !options.quiet) console.log(text);
  process.exitCode = exitCodes[level];
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.log(reportFailure(error).text);
  process.exitCode = exitCodes.UNKNOWN;
}
