import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createDatabase } from '@prosaas/database';
import { type Stack, freePort, poll, startChild } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Answer, ask, bearer, partOf } from './support/ask.ts';
import { repository } from './support/npm-start.ts';
import { findPrometheus } from './support/prometheus.ts';
import { redisOf } from './support/redis.ts';
import { startQuickStack, until } from './support/stack.ts';

/** The size of the page, uncompressed. */
const MAX_BYTES = 60_000;
const openMetrics = 'application/openmetrics-text;version=1.0.0';

/** Series of the whole system, which exist once each service has reported. */
const systemSeries = [
  'prosaas_whatsapp_sessions{state="WORKING"}',
  'prosaas_conversations{state="closed"}',
  'prosaas_customers_waiting',
  'prosaas_customers_waiting_oldest_age_seconds',
  'prosaas_workers{state="live"}',
  'prosaas_workers{state="lost"}',
  'prosaas_worker_heartbeat_age_seconds',
  'prosaas_postgres_connections',
  'prosaas_postgres_max_connections',
  'prosaas_redis_memory_used_bytes',
  'prosaas_health_check_state{check="database",service="api",state="pass"}',
  'prosaas_health_check_state{check="database",service="baileys",state="pass"}',
  'prosaas_health_check_state{check="database",service="calls",state="pass"}',
  'prosaas_message_stage_seconds_count{stage="answered"}',
  'process_resident_memory_bytes{service="api"}',
  'process_cpu_seconds_total{service="worker"}',
  'nodejs_eventloop_lag_p99_seconds{service="calls"}',
  'nodejs_heap_size_used_bytes{service="baileys"}',
];

let stack: Stack;
let url: string;
let scraper: { headers: Record<string, string> };

beforeAll(async () => {
  stack = await startQuickStack({ env: { BUILD_NUMBER: '59', GIT_COMMIT: 'abc1234' } });
  url = `${stack.url.api}/metrics`;
  scraper = bearer(stack.keys.metricsToken);
  await until(url, ({ text }) => systemSeries.every((series) => text.includes(`\n${series} `)), {
    what: 'every series',
    init: scraper,
  });
});
afterAll(() => stack[Symbol.asyncDispose]());

const read = (query = '', headers: Record<string, string> = {}): Promise<Answer> =>
  ask(url + query, { headers: { ...scraper.headers, ...headers } });

test('the page of an idle stack is under 60 KB, also after requests to each route', async () => {
  expect((await read()).text.length).toBeLessThan(MAX_BYTES);
  expect((await read('', { accept: openMetrics })).text.length).toBeLessThan(MAX_BYTES);
  const paths = ['conversations', 'calls', 'jobs', 'queues', 'people', 'audit', 'schedules', 'businesses'];
  for (const path of paths) {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE'])
      await ask(`${stack.url.api}/api/${path}`, { method });
    await ask(`${stack.url.api}/api/${path}/x`);
  }
  const page = await until(url, ({ text }) => text.includes('code="401",method="GET",route="/api/audit"'), {
    what: 'a refused request to be counted',
    init: scraper,
  });
  expect(page.text.length).toBeLessThan(MAX_BYTES);
  expect(page.text).not.toMatch(/duration_seconds_bucket{[^}]*(?:route|method)=/);
  expect((await read('?per=route')).text).toMatch(/duration_seconds_bucket{[^}]*route="\/api\/audit"/);
});

test('counts the sessions and conversations in PostgreSQL', async () => {
  const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
  await using db = createDatabase({ url: stack.databaseUrl, size: 1, applicationName: 'test', log });
  await db.query(
    `insert into whatsapp_sessions (id, business_id, wanted, last_error, last_error_at)
     values ('off', 'default', 'stopped', null, null), ('out', 'default', 'started', 'logged_out', now())`,
  );
  await db.query(
    `insert into conversations (business_id, channel, session_id, contact, state)
     select 'default', 'whatsapp', 'off', n || '@s.whatsapp.net', case when n < 3 then 'closed' else 'waiting' end
     from generate_series(1, 5) as n`,
  );
  const wanted = [
    'prosaas_whatsapp_sessions{state="STOPPED"} 1',
    'prosaas_whatsapp_sessions{state="FAILED"} 1',
    'prosaas_whatsapp_sessions{state="WORKING"} 0',
    'prosaas_conversations{state="closed"} 2',
    'prosaas_conversations{state="waiting"} 3',
    'prosaas_conversations{state="agent"} 0',
    'prosaas_customers_waiting 3',
    // None of the wanted sessions works.
    'prosaas_health_check_state{check="sessions",service="api",state="fail"} 1',
    'prosaas_health_check_state{check="sessions",service="api",state="pass"} 0',
  ];
  await until(url, ({ text }) => wanted.every((line) => text.includes(`\n${line}\n`)), {
    what: wanted.join(),
    init: scraper,
  });
  await db.query('delete from conversations');
  await db.query('delete from whatsapp_sessions');
  await until(url, ({ text }) => text.includes('\nprosaas_whatsapp_sessions{state="FAILED"} 0\n'), {
    what: 'the sessions to be gone',
    init: scraper,
  });
});

test('compresses the page only for clients that accept gzip', async () => {
  const response = await fetch(url, { headers: { ...scraper.headers, 'accept-encoding': 'identity' } });
  expect(response.headers.get('content-encoding')).toBeNull();
  const headers = { ...scraper.headers, 'accept-encoding': 'gzip' };
  const [packed] = (await once(get(url, { headers }), 'response')) as [IncomingMessage];
  expect(packed.headers['content-encoding']).toBe('gzip');
  const bytes = Buffer.concat(await packed.toArray());
  expect(bytes.length).toBeLessThan(MAX_BYTES / 4);
  expect(gunzipSync(bytes).toString()).toContain('prosaas_workers{state="live"} 1\n');
});

test('?per=instance shows each process, and metrics of the whole system only once', async () => {
  const { text } = await read('?per=instance');
  for (const service of ['api', 'baileys', 'calls', 'worker'])
    expect(text).toMatch(
      new RegExp(`\nprocess_open_fds{instance="${service}:[^"]+",service="${service}"} \\d`),
    );
  expect(text.match(/\nprosaas_workers{state="live"} 1\n/g)).toHaveLength(1);
  expect(text).toMatch(/\nprosaas_whatsapp_inbound_messages_total{instance="baileys:[^"]+"} 0\n/);
  expect((await read('?per=phone')).status).toBe(400);
});

const tools = findPrometheus();

describe.skipIf(!tools)('a real Prometheus', () => {
  test.each(['', '?per=instance', '?per=method,route', '?per=instance,method,route'])(
    'promtool accepts /metrics%s',
    async (query) => {
      const { text } = await read(query);
      const { status, stdout, stderr } = spawnSync(tools!.promtool, ['check', 'metrics'], {
        input: text,
        encoding: 'utf8',
      });
      expect([stdout, stderr, status]).toEqual(['', '', 0]);
    },
  );

  test('scrapes the stack with the configuration in deploy/prometheus', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'prosaas-prometheus-'));
    await using cleanup = new AsyncDisposableStack();
    cleanup.defer(() => rmSync(folder, { recursive: true, force: true }));
    cpSync(join(repository, 'deploy/prometheus'), folder, { recursive: true });
    const target = new URL(url).host;
    const configuration = readFileSync(join(folder, 'prometheus.yml'), 'utf8')
      .replaceAll('localhost:5000', target)
      .replaceAll('15s', '1s');
    writeFileSync(join(folder, 'prometheus.yml'), configuration);
    writeFileSync(join(folder, 'metrics-token'), `${stack.keys.metricsToken}\n`);
    const address = `127.0.0.1:${await freePort()}`;
    const server = await startChild({
      name: 'prometheus',
      command: tools!.prometheus,
      args: [
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=${address}`,
      ],
      stopGroup: 'services',
    });
    cleanup.defer(async () => void (await server.stop()));

    const query = async (
      expression: string,
    ): Promise<{ metric: Record<string, string>; value: [number, string] }[]> => {
      const answer = await fetch(`http://${address}/api/v1/query?query=${encodeURIComponent(expression)}`);
      return ((await answer.json()) as { data: { result: never } }).data.result;
    };
    const found = (expression: string): Promise<unknown> =>
      poll(async () => (await query(expression).catch(() => [])).length > 0, {
        what: `${expression}: ${server.output().slice(-2000)}`,
        timeoutMs: 30_000,
      });
    await found('up{job="prosaas"} == 1');
    await found('up{job="prosaas-instances"} == 1');
    for (const series of systemSeries) await found(series);
    await found('prosaas_build_info{service="worker",build="59",commit="abc1234"} == 1');
    await found('rate(prosaas_http_requests_total{service="api",route="/metrics",code="200"}[1m]) > 0');
    await found('histogram_quantile(0.9, prosaas_http_request_duration_seconds_bucket{service="api"}) > 0');
    await found('process_start_time_seconds{job="prosaas-instances",instance=~"worker:.+"}');
    const targets = (await (await fetch(`http://${address}/api/v1/targets`)).json()) as {
      data: { activeTargets: { lastError: string; health: string }[] };
    };
    expect(targets.data.activeTargets.map(({ health, lastError }) => [health, lastError])).toEqual([
      ['up', ''],
      ['up', ''],
    ]);
    expect(await query('count(prosaas_workers{state="live"})')).toMatchObject([
      { value: [expect.anything(), '1'] },
    ]);
    expect(await query('ALERTS{alertstate="firing"}')).toEqual([]);
  });
});

describe('json_exporter', () => {
  interface Metric {
    name: string;
    help: string;
    valuetype: string;
    path: string;
  }
  const config = parse(readFileSync(join(repository, 'deploy/prometheus/json-exporter.yml'), 'utf8')) as {
    modules: { default: { metrics: Metric[] } };
  };
  const { metrics } = config.modules.default;

  /** Evaluates the form of JSONPath that the configuration uses, names in braces, and returns a number as json_exporter does. */
  function valueAt(body: unknown, path: string): number {
    const [, names = ''] = /^\{((?:\.[a-z_]+)+)\}$/.exec(path) ?? [];
    expect(names, path).not.toBe('');
    const value = partOf({ body: body as Answer['body'] }, ...names.slice(1).split('.'));
    return typeof value === 'boolean' || typeof value === 'number' ? Number(value) : Number.NaN;
  }

  test('each path leads to a number in /metrics.json, with the name, type and help of /metrics', async () => {
    const { params } = (
      parse(readFileSync(join(repository, 'deploy/prometheus/prometheus-json.yml'), 'utf8')) as {
        scrape_configs: { params: { target: string[] } }[];
      }
    ).scrape_configs[0]!;
    const target = new URL(params.target[0] ?? '');
    const { body } = await ask(stack.url.api + target.pathname + target.search, scraper);
    const { text } = await read();
    for (const { name, help, valuetype, path } of metrics) {
      const isShown = text.includes(`# HELP ${name} ${help}\n# TYPE ${name} ${valuetype}\n${name} `);
      expect([path, Number.isFinite(valueAt(body, path)), isShown]).toEqual([path, true, true]);
    }
    const { counters, gauges } = body as { counters: object; gauges: object };
    const paths = [
      ...Object.keys(counters).map((name) => `{.counters.${name}}`),
      ...Object.keys(gauges).map((name) => `{.gauges.${name}}`),
      '{.complete}',
      '{.since}',
    ];
    expect(metrics.map(({ path }) => path)).toEqual(paths);
  });

  test('the rules name only metrics that exist', async () => {
    const namesIn = (file: string): Set<string> =>
      new Set(readFileSync(join(repository, 'deploy/prometheus', file), 'utf8').match(/\bprosaas_\w+/g));
    const exported = new Set(metrics.map(({ name }) => name));
    expect([...namesIn('rules.yml')].filter((name) => !exported.has(name))).toEqual([]);
    // Compose sets a memory limit. Without one there is no metric for it.
    await using redis = await redisOf(stack);
    await redis.client.config('SET', 'maxmemory', '1gb');
    const missingIn = ({ text }: Answer): string[] =>
      [...namesIn('rules-metrics.yml')].filter((name) => !new RegExp(`^${name}[{ ]`, 'm').test(text));
    await poll(async () => missingIn(await read()).length === 0, {
      what: 'every metric that the rules name',
    });
  });
});
