import { errorReason } from '@prosaas/runtime';
import { type Static, type TSchema, Type } from 'typebox';
import { Value } from 'typebox/value';
import type { Finding } from './finding.ts';
import { type Reading, watchedCounters } from './readings.ts';
import { parseJson } from '../parse-json.ts';

export interface ApiAddress {
  url: string;
  /** Metrics token. Also makes health answers contain error texts. */
  token: string | undefined;
  timeoutMs: number;
}

export interface HealthCheck {
  name: string;
  status: 'pass' | 'warn' | 'fail';
  /** The reason code, followed by the error text if there is a token. */
  reason: string;
  facts: Record<string, unknown>;
}

export interface Totals {
  /** All counters, by name. */
  counters: Record<string, number>;
  gauges: Record<string, number>;
  reading: Reading;
  /** False if the totals are old, or lack those of a process. */
  complete: boolean;
}

/** An answer, or a finding that says why there is none. */
export type AnswerOrFinding<T> = { answer: T } | { finding: Finding };

/** The fields of draft-inadarei-api-health-check-06 that are read here. */
const HealthJson = Type.Object({
  status: Type.Enum(['pass', 'warn', 'fail']),
  checks: Type.Record(
    Type.String(),
    Type.Array(
      Type.Object({
        componentId: Type.Optional(Type.String()),
        status: Type.Enum(['pass', 'warn', 'fail']),
        output: Type.Optional(Type.String()),
        facts: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
      }),
      { minItems: 1 },
    ),
  ),
});

const MetricsJson = Type.Object({
  counters: Type.Record(Type.String(), Type.Number()),
  gauges: Type.Record(Type.String(), Type.Number()),
  timestamp: Type.Number(),
  since: Type.Number(),
  complete: Type.Boolean(),
});

/** health+json lists a check under its component. Where the names differ: component -> check. */
const COMPONENT_CHECKS: Readonly<Record<string, string>> = { postgres: 'database' };

const api = 'api';
const metrics = 'metrics';

/** Every check in `/api/health`, required or not. */
export async function askHealth(
  address: ApiAddress,
  exclude: readonly string[],
): Promise<AnswerOrFinding<HealthCheck[]>> {
  const query = exclude.map((name) => `exclude=${encodeURIComponent(name)}`).join('&');
  const url = `${address.url}/api/health${query && `?${query}`}`;
  const response = await ask(url, address, 'application/health+json');
  if ('finding' in response) return response;
  const { status, body } = response.answer;
  if ((status === 200 || status === 503) && isOf(HealthJson, body)) return { answer: checksOf(body) };
  if (status >= 500)
    return critical(
      api,
      `${url} answers ${status} without a health body: is this a proxy that cannot reach the api? Look at the api's log`,
    );
  return unknown(api, `${url} answers ${status} without a health body: is --url the address of the api?`);
}

/** The totals of `/metrics.json`. */
export async function askTotals(address: ApiAddress): Promise<AnswerOrFinding<Totals>> {
  const url = `${address.url}/metrics.json`;
  const response = await ask(`${url}?verbose`, address, 'application/json');
  if ('finding' in response) return response;
  const { status, body } = response.answer;
  if (status === 401)
    return unknown(
      metrics,
      `${url} refuses the token: pass that of "npm run keys METRICS_TOKEN" or METRICS_TOKEN with --token-file`,
    );
  if (status === 503)
    return unknown(
      metrics,
      `${url} answers 503: no totals were read since the api started, because Redis is away; see docs/runbook.md`,
    );
  if (status === 200 && isOf(MetricsJson, body) && hasWatchedCounters(body))
    return { answer: totalsOf(body) };
  return unknown(
    metrics,
    `${url} answers ${status} without the totals: is --url the address of an api of this version?`,
  );
}

async function ask(
  url: string,
  { token, timeoutMs }: ApiAddress,
  accept: string,
): Promise<AnswerOrFinding<{ status: number; body: unknown }>> {
  let response: Response;
  let text: string;
  try {
    const headers = { accept, ...(token !== undefined && { authorization: `Bearer ${token}` }) };
    // No redirect: the token must not be sent to another address.
    response = await fetch(url, { headers, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
    text = await textOf(response);
  } catch (error) {
    return critical(
      api,
      `${url} does not answer (${reasonOf(error)}): is the api running, and is that its address (--url)?`,
    );
  }
  const { status } = response;
  if (status >= 300 && status < 400)
    return unknown(
      api,
      `${url} redirects to ${response.headers.get('location')?.slice(0, 200)}: pass that address with --url`,
    );
  return { answer: { status, body: parseJson(text) } };
}

/** Anything may listen at the address. An answer of the api has a few kilobytes. */
const MAX_BYTES = 1024 * 1024;

async function textOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`its answer has more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The message of `fetch` is only "fetch failed". Its cause says why. */
function reasonOf(error: unknown): string | undefined {
  return errorReason(error instanceof TypeError ? (error.cause ?? error) : error).error;
}

const isOf = <T extends TSchema>(schema: T, body: unknown): body is Static<T> => Value.Check(schema, body);

function checksOf({ checks }: Static<typeof HealthJson>): HealthCheck[] {
  return Object.entries(checks).flatMap(([key, several]) => {
    const component = key.split(':', 1)[0] ?? key;
    return several.map(({ componentId, status, output = 'error', facts = {} }) => {
      const name = componentId ?? COMPONENT_CHECKS[component] ?? component;
      return { name, status, reason: output, facts };
    });
  });
}

const hasWatchedCounters = ({ counters }: Static<typeof MetricsJson>): boolean =>
  watchedCounters.every((name) => Object.hasOwn(counters, name));

function totalsOf({ counters, gauges, timestamp, since, complete }: Static<typeof MetricsJson>): Totals {
  const watched = watchedCounters.map((name) => [name, counters[name]!]);
  const reading = { at: timestamp, since, counters: Object.fromEntries(watched) as Reading['counters'] };
  return { counters, gauges, reading, complete };
}

const critical = (subject: string, text: string): { finding: Finding } => ({
  finding: { level: 'CRITICAL', subject, text },
});

const unknown = (subject: string, text: string): { finding: Finding } => ({
  finding: { level: 'UNKNOWN', subject, text },
});
