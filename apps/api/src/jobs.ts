// Manages queues and the dead letter from a shell, over REST: `npm run jobs -- --help`, in containers `prosaas-jobs`.
import { parseArgs } from 'node:util';
import { createDatabase, readGeneratedKeys } from '@prosaas/database';
import { ConfigError, createLogger, loadConfig } from '@prosaas/runtime';
import { ApiConfig } from './config.ts';

const usage = `usage: jobs <command> [options]

  queues                       every queue: its jobs by state, the oldest's age, what was counted
  schedules                    what is done at its times: when next, when last, and how that ended
  why <conversation>           what a chat waits for: the first job of each line, its state, and when it is tried next
  skip <job> --reason <text>   sends a job to the dead letter, so that the next of its chat has its turn
  list                         the dead letter, newest first
  show <id>                    one job of the dead letter, whole
  replay <id> | --all          tries a job of the dead letter again, or those that the filter matches
  purge <id> | --all           drops a job of the dead letter, or those that the filter matches
  pause | resume <queue>       stops taking jobs from a queue, and goes on
  drain <queue>                sends what waits in a queue to the dead letter

filter:  --queue <name>  --business <id>  --contains <text of the reason>  --failed-after <time>  --failed-before <time>
options: --limit <number>  --rate <replays a second>  --json  --help
The admin key is ADMIN_KEY or, where that is not set, the one that was generated.`;

const options = {
  queue: { type: 'string' },
  business: { type: 'string' },
  contains: { type: 'string' },
  'failed-after': { type: 'string' },
  'failed-before': { type: 'string' },
  reason: { type: 'string' },
  limit: { type: 'string' },
  rate: { type: 'string' },
  all: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>['values'];
type Row = Record<string, unknown>;
type DeadJob = Record<'id' | 'reason' | 'failed_at', string> & { attempts: number };
type HeadJob = Record<'id' | 'queue' | 'state' | 'reason', string> &
  Record<'attempts' | 'most_attempts' | 'behind', number> &
  Record<'next_try' | 'last_error', string | null>;

class CommandFailed extends Error {}
class UsageError extends Error {}

type CallApi = (method: string, path: string, body?: object) => Promise<Row>;

/** What each command requests from the api and prints. */
const commands: Readonly<
  Record<string, (callApi: CallApi, subject: string | undefined, values: Values) => Promise<void>>
> = {
  async queues(callApi, _subject, { json }) {
    const { items, dead_letter_depth: depth } = (await callApi('GET', '/api/queues')) as {
      items: Row[];
      dead_letter_depth: number;
    };
    if (json) return print({ items, dead_letter_depth: depth });
    console.table(
      Object.fromEntries(
        items.map(({ name, totals, rows, ...state }) => [
          name,
          { ...state, ...addPrefix('total', totals as Row), ...addPrefix('rows', rows as Row) },
        ]),
      ),
    );
    console.log(`dead letter: ${depth}`);
  },

  async schedules(callApi, _subject, { json }) {
    const { items } = (await callApi('GET', '/api/schedules')) as { items: Row[] };
    if (json) return print({ items });
    const rows = items.map(({ name, last_run: last, ...schedule }) => [
      name,
      { ...schedule, ...addPrefix('last', (last ?? {}) as Row) },
    ]);
    console.table(Object.fromEntries(rows) as object);
  },

  async why(callApi, subject, { json }) {
    if (subject === undefined) throw new UsageError('which conversation?');
    const answer = await callApi('GET', `/api/conversations/${encodeURIComponent(subject)}/jobs`);
    if (json) return print(answer);
    const items = answer['items'] as HeadJob[];
    if (items.length === 0) console.log('it waits for nothing');
    for (const job of items) {
      console.log(`${job.queue}  job ${job.id}  ${job.state}: ${job.reason}`);
      console.log(`    attempts ${job.attempts} of ${job.most_attempts}, ${job.behind} behind it`);
      if (job.next_try !== null) console.log(`    next try ${job.next_try}`);
      if (job.last_error !== null) console.log(`    last error ${job.last_error}`);
    }
  },

  async skip(callApi, subject, { reason }) {
    if (subject === undefined) throw new UsageError('which job?');
    if (reason === undefined) throw new UsageError('why? Give a reason with --reason');
    await callApi('POST', `/api/jobs/${encodeURIComponent(subject)}/skip`, { reason });
    console.log(`job ${subject} is in the dead letter`);
  },

  async list(callApi, _subject, values) {
    const max = parsePositiveInteger(values.limit, 'limit') ?? Infinity;
    let cursor: unknown = null;
    let shown = 0;
    do {
      const query = new URLSearchParams({ ...filterOf(values), limit: String(Math.min(max - shown, 100)) });
      if (typeof cursor === 'string') query.set('cursor', cursor);
      const page = await callApi('GET', `/api/jobs/dead-letter?${query.toString()}`);
      for (const job of page['items'] as DeadJob[]) {
        if (values.json) print(job);
        else console.log(`${job.failed_at}  ${job.id}\n    ${job.attempts} attempts: ${job.reason}`);
        shown += 1;
      }
      cursor = page['next_cursor'];
    } while (cursor !== null && shown < max);
    if (!values.json) console.log(`${shown} shown`);
  },

  async show(callApi, subject) {
    print(await callApi('GET', deadJobPath(subject)));
  },

  async replay(callApi, subject, values) {
    if (!values.all) {
      await callApi('POST', `${deadJobPath(subject)}/replay`);
      return console.log('1 replayed');
    }
    const rate = parsePositiveInteger(values.rate, 'rate');
    const body = { ...filterOf(values), ...limitOf(values), ...(rate && { rate_per_second: rate }) };
    const answer = await callApi('POST', '/api/jobs/dead-letter/replay', body);
    if (values.json) return print(answer);
    for (const { id, code, detail } of answer['refused'] as Record<string, string>[])
      console.log(`${id}: ${code}: ${detail}`);
    console.log(`${String(answer['replayed'])} of ${String(answer['matched'])} replayed`);
  },

  async purge(callApi, subject, values) {
    if (!values.all) {
      await callApi('DELETE', deadJobPath(subject));
      return console.log('1 purged');
    }
    const answer = await callApi('POST', '/api/jobs/dead-letter/purge', {
      ...filterOf(values),
      ...limitOf(values),
    });
    if (values.json) return print(answer);
    console.log(`${String(answer['purged'])} of ${String(answer['matched'])} purged`);
  },

  pause: async (callApi, subject) => {
    await callApi('POST', `${queuePath(subject)}/pause`);
    console.log(`${String(subject)} is paused`);
  },
  resume: async (callApi, subject) => {
    await callApi('POST', `${queuePath(subject)}/resume`);
    console.log(`${String(subject)} goes on`);
  },
  drain: async (callApi, subject) => {
    const { drained } = await callApi('POST', `${queuePath(subject)}/drain`);
    console.log(`${String(drained)} jobs go to the dead letter`);
  },
};

function filterOf(values: Values): Record<string, string> {
  const { queue, business, contains, 'failed-after': after, 'failed-before': before } = values;
  const fields = { queue, business, contains, failed_after: after, failed_before: before };
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function limitOf({ limit }: Values): { limit?: number } {
  const value = parsePositiveInteger(limit, 'limit');
  return value === undefined ? {} : { limit: value };
}

function parsePositiveInteger(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new UsageError(`--${name} is a whole number of 1 or more, not ${text}`);
  return Number(text);
}

function deadJobPath(id: string | undefined): string {
  if (id === undefined) throw new UsageError('which one? Name its id, or --all with a filter');
  return `/api/jobs/dead-letter/${encodeURIComponent(id)}`;
}

function queuePath(queue: string | undefined): string {
  if (queue === undefined) throw new UsageError('which queue?');
  return `/api/queues/${encodeURIComponent(queue)}`;
}

const addPrefix = (prefix: string, row: Row): Row =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [`${prefix}_${name}`, value]));

const print = (value: unknown): void => console.log(JSON.stringify(value));

async function adminKey(config: { ADMIN_KEY?: string; DATABASE_URL: string }): Promise<string> {
  if (config.ADMIN_KEY !== undefined) return config.ADMIN_KEY;
  const log = createLogger({ service: 'api', instance: 'jobs', level: 'silent' });
  await using db = createDatabase({
    url: config.DATABASE_URL,
    size: 1,
    applicationName: 'prosaas:jobs',
    log,
  });
  const key = (await readGeneratedKeys(db)).get('ADMIN_KEY');
  if (key === undefined) throw new CommandFailed('No admin key was generated yet: has the api started once?');
  return key;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [name = '', subject] = positionals;
  if (values.help) return console.log(usage);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined)
    throw new UsageError(name === '' ? 'which command?' : `there is no command ${name}`);
  const config = loadConfig(ApiConfig, process.env);
  const key = await adminKey(config);
  const url = `http://localhost:${config.API_PORT}`;
  const callApi: CallApi = async (method, path, body) => {
    const headers = { 'x-api-key': key, ...(body && { 'content-type': 'application/json' }) };
    let response: Response;
    try {
      const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
      // No redirects: the admin key must not reach another address.
      response = await fetch(url + path, { ...init, redirect: 'error' });
    } catch (cause) {
      throw new CommandFailed(`The api does not answer at ${url}: is it running?`, { cause });
    }
    const text = await response.text();
    const answer = (text === '' ? {} : JSON.parse(text)) as Row;
    if (!response.ok)
      throw new CommandFailed(`${String(answer['code'])}: ${String(answer['detail'] ?? answer['title'])}`);
    return answer;
  };
  await command(callApi, subject, values);
}

try {
  await main();
} catch (error) {
  const isUsage =
    error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') === true;
  const known = isUsage || error instanceof CommandFailed || error instanceof ConfigError;
  const text = error instanceof Error ? error.message : String(error);
  console.error(known ? text : `The jobs cannot be reached: ${text}`);
  if (isUsage) console.error(`\n${usage}`);
  process.exitCode = isUsage ? 2 : 1;
}
