import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { poll } from '@prosaas/devstack';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Command, docPages, readCommands } from './support/doc-commands.ts';
import { type Started, linesBeforeTable, npmStart, repository } from './support/npm-start.ts';
import { findPrometheus } from './support/prometheus.ts';
import { isStatus, until } from './support/stack.ts';

const run = promisify(execFile);

// Every command that the documentation prints is in one of these tables.

/** Commands that no test runs, with the reason. At most ten. */
const notRun: Record<string, string> = {
  'npm run format': 'rewrites the working tree; the check of the format is in .ci/run',
  'npm run bench -- count': 'measures for minutes',
  'ollama pull llama3.1': 'needs a model server and 5 GB',
  'OPENAI_BASE_URL=http://localhost:11434/v1 OPENAI_MODEL=llama3.1 npm start -- --simulator':
    'needs that model server',
  "echo 'vm.overcommit_memory = 1' | sudo tee /etc/sysctl.d/90-redis.conf && sudo sysctl --system":
    'changes the host, as root',
};

/** Commands that another file runs, with a text in that file. */
const runElsewhere: Record<string, [file: string, text: string]> = {
  'npm start': ['.ci/newcomer', 'up npm start || end'],
  'npm test': ['.ci/newcomer', 'npm test >'],
  'npm run check': ['.ci/run', 'npm run check'],
  'npm run eval': ['packages/agentkit/eval/run.test.ts', 'npm run eval'],
  'npm start -- --simulator': ['.ci/newcomer', 'up npm start -- --simulator'],
  'docker compose up --wait': ['test/compose/compose.test.ts', "['up', '--wait', '--wait-timeout', '240']"],
  'docker compose exec -T api prosaas-check': [
    'test/compose/compose.test.ts',
    "['exec', '-T', 'api', 'prosaas-check']",
  ],
  'docker compose exec -T api prosaas-profile - < packages/agentkit/profiles/default.yaml': [
    'test/compose/compose.test.ts',
    'prosaas-profile - < packages/agentkit/profiles/default.yaml',
  ],
  'docker compose exec api prosaas-keys': [
    'test/compose/compose.test.ts',
    "['exec', '-T', 'api', 'prosaas-keys']",
  ],
  'docker compose exec api prosaas-keys API_KEY': [
    'test/compose/postgres-password.test.ts',
    "['exec', '-T', 'api', 'prosaas-keys', 'ADMIN_KEY']",
  ],
  'docker compose up -d --scale worker=3': ['test/compose/compose.test.ts', "'--scale', 'worker=3'"],
  'docker compose -f docker-compose.yml -f deploy/compose.valkey.yml up --wait': [
    'test/compose/project.ts',
    'deploy/compose.valkey.yml',
  ],
  ...Object.fromEntries(
    [
      'docker compose exec -T postgres pg_dump -U prosaas -Fc prosaas > prosaas.dump',
      'docker compose stop api worker calls baileys',
      'docker compose exec -T postgres pg_restore -U prosaas -d prosaas --clean --if-exists < prosaas.dump',
      'docker compose up -d --wait',
    ].map((command) => [command, ['test/compose/compose.test.ts', command] as const]),
  ),
  'curl -X POST -H "X-Api-Key: $ADMIN_KEY" localhost:3300/api/unstored-messages/$ID/retry': [
    'apps/baileys/test/unstored.test.ts',
    '/retry',
  ],
};

/** Commands that this file runs, with a pattern for their output. The first match counts. */
const printed: [command: RegExp, output: RegExp][] = [
  // docs/alerting.md
  [/^curl -f \S+\/api\/health$/, /^\{"status":"healthy"\}$/],
  [/^curl -f \S+\/api\/health\/workers$/, /^ok$/],
  [/grep -F '\[\+\]workers ok'$/, /^\[\+\]workers ok$/m],
  [/^cp -r deploy\/prometheus/, /^$/],
  [/metrics-token$/, /^$/],
  [/^promtool check config/, /SUCCESS/],
  [/^npx --no -- prosaas-check$/, /^PROSAAS OK: healthy, last heartbeat \d+ s ago, rises .* \| \S+=/],
  // README.md
  [
    /^npm run demo$/,
    /^All of this is simulated.* {2}ProSaaS +to .*^Played: .* 0 went wrong\.$.*^ {2}whatsapp_outbound_messages +[1-9]/ms,
  ],
  [/^npm run keys$/, /(?:^(?:ADMIN_KEY|API_KEY|INTERNAL_SECRET|METRICS_TOKEN)=\S{40,}\n){4}/m],
  [/:5000\/readyz\?verbose'$/, /^\[\+\]database ok.*readyz check passed\n$/s],
  [/\/metrics\.json\?verbose'$/, /^\{"uptime_seconds":.*"sources":/s],
  [/\/api\/conversations$/, /^\{"items":\[\{/],
  [/^redis-cli GET/, /^\d{10}\n$/],
  [/^npm run jobs -- queues$/, /inbound-messages/],
  [/-d '\{"name":"front-desk"\}'/, /"id":"front-desk".*"wanted":"started"/],
  [/-o qr\.png/, /^$/],
  // docs
  [/unanswered\/\$GROUP\/answer/, /"question":"Do you have parking\?"/],
  [/api\/messages .*order-17/, /"status":"queued"/],
  [/dead-letter\/replay/, /"matched":0/],
  [/api\/loggers\/worker/, /"configuredLevel":"DEBUG"|^$/],
  [/contacts\/export/, /"contact"/],
  [/^npm run demo:call$/, /^ {2}completed: finished$.*heard\.wav: .*said\.wav: .*^ {2}calls_completed +1$/ms],
  [/\/api\/calls$/, /"outcome":"completed".*"recordings":\[\{/],
  [/^npm run profile -- /, /^The profile is valid: .+\n\ndo u take cash\n {2}\S/m],
  [/:5050\/readyz/, /^\[\+\]voice ok\n\[\+\]provider ok\n/m],
  [/api\/people /, /"name":"Dana".*"key":"/],
  [/^echo \$\(\( \$\(date/, /^\d+\n$/],
  [/health\+json.*\/readyz$/, /"status":"pass"/],
  [/unstored-messages\?status=quarantined/, /^\{"items":\[\]/],
];

const commands = readCommands(docPages);
const here = commands.filter(({ text }) => !(text in notRun) && !(text in runElsewhere));

/** Without Prometheus, its one command is not run. CI has it. */
const prometheus = findPrometheus();
const runnable = here.filter(({ text }) => prometheus !== undefined || !text.startsWith('promtool '));

let started: Started;
let folder: string;
/** Shell variables that the pages use. */
let variables: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'prosaas-docs-'));
  started = await npmStart(['--simulator']);
  const keys = await sh('npm run -s keys');
  variables = Object.fromEntries(keys.split('\n').map((line) => line.split(/=(.*)/s).slice(0, 2)));
  // Wait for the worker's heartbeat and for the metrics of every process.
  const origin = `http://localhost:${started.ports.api}`;
  await until(`${origin}/api/health/workers`, isStatus(200));
  await until(`${origin}/metrics.json?verbose`, ({ body }) => body?.['complete'] === true, {
    init: { headers: { authorization: `Bearer ${variables['METRICS_TOKEN']}` } },
  });
});
afterAll(async () => {
  await started?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Runs lines of a page in one shell, with this stack's ports instead of the default ones and with files in a temporary folder. */
async function sh(...lines: string[]): Promise<string> {
  const { api, baileys, calls, redis } = started.ports;
  const script = lines
    .join('\n')
    .replaceAll('localhost:5000', `localhost:${api}`)
    .replaceAll('localhost:5050', `localhost:${calls}`)
    .replaceAll('localhost:3300', `localhost:${baileys}`)
    .replaceAll('redis-cli ', `redis-cli -p ${redis} `)
    .replace('promtool check', `${prometheus?.promtool} check`)
    .replaceAll('/etc/prometheus/prosaas', `${folder}/prometheus`)
    .replaceAll('-o qr.png', `-o ${folder}/qr.png`);
  // Only the variables that the script uses, because `npm run keys` does not print a key that is set in the environment.
  const used = Object.entries(variables ?? {}).filter(([name]) => script.includes(`$${name}`));
  const env = { ...started.env, ...Object.fromEntries(used), TMPDIR: folder };
  const { stdout } = await run('sh', ['-ec', script], { cwd: repository, env });
  return stdout;
}

/** Starts a command that runs until Ctrl-C, interrupts it once a customer has an answer, and returns its output. */
async function untilAnswered(command: string): Promise<string> {
  const [name = '', ...args] = command.split(' ');
  const child = spawn(name, args, {
    cwd: repository,
    env: started.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  const lines: string[] = [];
  let isInterrupted = false;
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (isInterrupted || !/ ProSaaS +to /.test(line)) continue;
    isInterrupted = true;
    // A terminal sends the signal to every process of the foreground group.
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT');
  }
  expect([...(await closed), lines.slice(-20)]).toEqual([0, null, expect.anything()]);
  return lines.join('\n');
}

/** Waits for the first item of a list that the api returns to the admin key. */
function firstItem(path: string): Promise<Record<string, unknown>> {
  return poll(
    async () =>
      (
        JSON.parse(await sh(`curl -s -H "X-Api-Key: $ADMIN_KEY" localhost:5000${path}`)) as {
          items: Record<string, unknown>[];
        }
      ).items[0],
    { what: path, everyMs: 500 },
  );
}

/** Sends a customer's question that the agent cannot answer. */
async function askUnknown(): Promise<void> {
  const { phone_number: account } = await firstItem('/api/sessions');
  const { simulator } = JSON.parse(await readFile(join(started.dataDir, 'running.json'), 'utf8')) as {
    simulator: string;
  };
  const play = (path: string, body: object): Promise<Response> =>
    fetch(`${simulator}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  await play('/phones', { number: '15550001111' });
  const text = 'Do you rent helicopters?';
  expect((await play('/phones/15550001111/send', { account, text })).status).toBeLessThan(300);
}

/** Fills in the values that a page leaves to its reader. */
async function prepare({ text }: Command): Promise<string> {
  if (text.includes('$GROUP')) {
    await askUnknown();
    variables['GROUP'] = String((await firstItem('/api/agent/unanswered'))['id']);
  }
  if (!text.includes('"conversation_id":"..."')) return text;
  return text.replace('"..."', `"${String((await firstItem('/api/conversations'))['id'])}"`);
}

test('every command of the documentation is run or has a reason why not', () => {
  expect(commands.length).toBeGreaterThan(40);
  const unknown = here.filter(({ text }) => !printed.some(([pattern]) => pattern.test(text)));
  expect(unknown).toEqual([]);
  expect(Object.keys(notRun).length).toBeLessThanOrEqual(10);
});

test('the tables contain only commands of the documentation', () => {
  const texts = new Set(commands.map(({ text }) => text));
  expect([...Object.keys(notRun), ...Object.keys(runElsewhere)].filter((text) => !texts.has(text))).toEqual(
    [],
  );
  const unused = printed.filter(([pattern]) => !here.some(({ text }) => pattern.test(text)));
  expect(unused).toEqual([]);
});

test.each(Object.entries(runElsewhere))('the file in the table runs %s', (_, [file, text]) => {
  expect(readFileSync(join(repository, file), 'utf8')).toContain(text);
});

test('npm start -- --simulator prints few lines and no warning', () => {
  const lines = linesBeforeTable(started);
  expect(lines.length, lines.join('\n')).toBeLessThanOrEqual(20);
  expect(lines.filter((line) => / (?:warn|error|fatal) |undefined/.test(line))).toEqual([]);
});

describe('a printed command works', () => {
  test.each(runnable.map((command) => [command.page, command.text, command] as const))(
    '%s: %s',
    async (_page, text, command) => {
      const expected = printed.find(([pattern]) => pattern.test(text))?.[1];
      const output =
        text === 'npm run demo'
          ? await untilAnswered(text)
          : await sh(...command.assignments, await prepare(command));
      expect(output).toMatch(expected!);
    },
  );
});

test('npm run jobs -- --help lists the commands for the dead letter', async () => {
  expect(await sh('npm run jobs -- --help')).toContain('dead');
});

test('the admin key opens the console', async () => {
  const origin = `http://localhost:${started.ports.api}`;
  expect(await (await fetch(`${origin}/`)).text()).toContain('<title>ProSaaS</title>');
  const signedIn = await fetch(`${origin}/api/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-requested-with': 'console' },
    body: JSON.stringify({ key: variables['ADMIN_KEY'] }),
  });
  expect(signedIn.status).toBe(200);
});

test('the commands of README write a QR code for each of five sessions', async () => {
  const [create, save] = commands.filter(({ text }) => text.includes('front-desk'));
  const rounds = [1, 2, 3, 4, 5];
  const lines = rounds.flatMap((round) => [
    create!.text.replace('front-desk', `front-desk-${round}`),
    save!.text.replace('front-desk', `front-desk-${round}`).replace('qr.png', `${folder}/${round}.png`),
  ]);
  await sh(...create!.assignments, ...lines);
  for (const round of rounds) {
    const picture = await readFile(join(folder, `${round}.png`));
    expect([round, picture.subarray(1, 4).toString()]).toEqual([round, 'PNG']);
  }
});
