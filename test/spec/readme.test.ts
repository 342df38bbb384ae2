import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Started, linesBeforeTable, npmStart, repository } from './support/npm-start.ts';

const run = promisify(execFile);
const readme = await readFile(join(repository, 'README.md'), 'utf8');
const callsPage = await readFile(join(repository, 'docs', 'calls.md'), 'utf8');

/** The blocks of commands under a heading, each as its lines without comments. */
function blocksUnder(heading: string, page = readme): string[][] {
  const part = page.split(/^## /m).find((section) => section.startsWith(`${heading}\n`));
  return [...(part ?? '').matchAll(/^ *```sh\n(.*?)^ *```/gms)].map(([, block = '']) =>
    block
      .split('\n')
      .map((line) => line.replace(/\s+#.*$/, '').trim())
      .filter((line) => line !== ''),
  );
}

/** What stands in README outside of what is run here, and where it is run. */
const runElsewhere: Record<string, string> = {
  'npm start': 'npm-start.test.ts, .ci/newcomer',
  'npm test': '.ci/newcomer',
  'docker compose up --wait': 'test/compose',
};
const [start = [], containers = []] = blocksUnder('Start');
const [tour = [], pairing = []] = blocksUnder('See it all in five minutes');

/** What each command of the tour prints. */
const printed: [command: RegExp, output: RegExp][] = [
  [
    /^npm run demo$/,
    /^All of this is simulated.* {2}ProSaaS +to .*^Played: .* 0 went wrong\.$.*^ {2}whatsapp_outbound_messages +[1-9]/ms,
  ],
  [/^npm run keys$/, /(?:^(?:ADMIN_KEY|API_KEY|INTERNAL_SECRET|METRICS_TOKEN)=\S{40,}\n){4}/m],
  [/\/metrics\.json/, /^\{"uptime_seconds":.*"sources":/s],
  [/\/api\/conversations$/, /^\{"items":\[\{/],
  [/\/readyz/, /^\[\+\]database ok.*readyz check passed\n$/s],
  [/^redis-cli/, /^\d{10}\n$/],
  [/^npm run jobs -- queues$/, /inbound-messages/],
];

const [simulatedCall = []] = blocksUnder('A simulated call', callsPage);
const [realCall = []] = blocksUnder('A real one', callsPage);

/** What each command of docs/calls.md prints, in its order: the demo makes the call that is listed. */
const printedOfCalls: [command: RegExp, output: RegExp][] = [
  [
    /^npm run demo:call$/,
    /the greeting was heard.*thanked, and hung up on.*^ {2}completed: finished$.*heard\.wav: .*said\.wav: .*^ {2}calls_completed +1$/ms,
  ],
  [/\/api\/calls$/, /"outcome":"completed".*"recordings":\[\{/],
  [/:5050\/readyz/, /^\[\+\]voice ok\n\[\+\]provider ok\n/m],
];

let started: Started;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'prosaas-readme-'));
  started = await npmStart(['--simulator']);
});
afterAll(async () => {
  await started?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Lines of README in one shell, on the ports of this stack instead of the standard ones. */
async function sh(...lines: string[]): Promise<string> {
  const { api, baileys, calls, redis } = started.ports;
  const script = lines
    .join('\n')
    .replaceAll('localhost:5000', `localhost:${api}`)
    .replaceAll('localhost:5050', `localhost:${calls}`)
    .replaceAll('localhost:3300', `localhost:${baileys}`)
    .replaceAll('redis-cli ', `redis-cli -p ${redis} `)
    .replaceAll('-o qr.png', `-o ${folder}/qr.png`);
  const { stdout } = await run('sh', ['-ec', script], { cwd: repository, env: started.env });
  return stdout;
}

/** What a command prints that goes on until Ctrl-C, which comes once a customer has an answer. */
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
    // To every process of the terminal's foreground group at once.
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT');
  }
  expect([...(await closed), lines.slice(-20)]).toEqual([0, null, expect.anything()]);
  return lines.join('\n');
}

test('every command of README is run by a test', () => {
  for (const command of [...start, ...containers]) expect(Object.keys(runElsewhere)).toContain(command);
  const [first, ...others] = tour;
  expect(first).toBe('npm start -- --simulator');
  expect(others).toHaveLength(printed.length);
  expect(pairing).toHaveLength(3);
});

test('every command of docs/calls.md is run by a test', () => {
  const [simulator, ...others] = simulatedCall;
  const [plain, ...checks] = realCall;
  expect([simulator, plain]).toEqual(['npm start -- --simulator', 'npm start']);
  expect([...others, ...checks]).toHaveLength(printedOfCalls.length);
  expect([...callsPage.matchAll(/```sh/g)]).toHaveLength(2);
});

describe('a command of docs/calls.md', () => {
  test.each(
    [...simulatedCall.slice(1), ...realCall.slice(1)].map((command, index) => [command, index] as const),
  )('%s', async (command, index) => {
    const [pattern = /^$/, output = /^$/] = printedOfCalls[index] ?? [];
    expect(command).toMatch(pattern);
    expect(await sh(command)).toMatch(output);
  });
});

test('npm start -- --simulator is as quiet as without', () => {
  const lines = linesBeforeTable(started);
  expect(lines.length, lines.join('\n')).toBeLessThanOrEqual(20);
  expect(lines.filter((line) => / (?:warn|error|fatal) |undefined/.test(line))).toEqual([]);
});

describe('a command of the five minutes', () => {
  test.each(tour.slice(1).map((command, index) => [command, index] as const))(
    '%s',
    async (command, index) => {
      const [pattern = /^$/, output = /^$/] = printed[index] ?? [];
      expect(command).toMatch(pattern);
      expect(await (command === 'npm run demo' ? untilAnswered(command) : sh(command))).toMatch(output);
    },
  );

  test('the console opens with the admin key', async () => {
    const key = (await sh('npm run -s keys ADMIN_KEY')).trim();
    const origin = `http://localhost:${started.ports.api}`;
    expect(await (await fetch(`${origin}/`)).text()).toContain('<title>ProSaaS</title>');
    const signedIn = await fetch(`${origin}/api/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-requested-with': 'console' },
      body: JSON.stringify({ key }),
    });
    expect(signedIn.status).toBe(200);
  });

  test('npm run jobs -- --help', async () => {
    expect(await sh('npm run jobs -- --help')).toContain('dead');
  });
});

test('the lines that write a QR code do so, five times of five', async () => {
  for (let round = 1; round <= 5; round += 1) {
    await sh(...pairing.map((line) => line.replace('front-desk', `front-desk-${round}`)));
    const picture = await readFile(join(folder, 'qr.png'));
    expect([round, picture.subarray(1, 4).toString()]).toEqual([round, 'PNG']);
    await rm(join(folder, 'qr.png'));
  }
});
