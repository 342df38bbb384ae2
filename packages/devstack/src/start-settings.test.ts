import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkSettings, unknownNames } from './start-settings.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'prosaas-settings-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('suggests the known name for a mistyped one, and lists other unknown names', () => {
  const known = ['API_KEY', 'API_KEY_FILE', 'API_PORT', 'REDIS_NAMESPACE', 'WORKER_SENDS_PER_SECOND'];
  const names = [
    'API_KEY',
    'API_KEYS',
    'redis_namespace',
    'WORKER_SENDS_PER_SECONDS',
    'TZ',
    'NODE_OPTIONS',
    'PORT',
  ];
  expect(unknownNames(names, known)).toEqual({
    mistyped: [
      'API_KEYS is no setting; did you mean API_KEY?',
      'redis_namespace is no setting; did you mean REDIS_NAMESPACE?',
      'WORKER_SENDS_PER_SECONDS is no setting; did you mean WORKER_SENDS_PER_SECOND?',
    ],
    others: ['TZ', 'NODE_OPTIONS', 'PORT'],
  });
});

test('reports the faults of all services and mistyped names in .env at once', async () => {
  const file = join(folder, 'env');
  await writeFile(file, 'REDIS_NAMSPACE=x\nTZ=UTC\nADMIN_KEY_FILE=/run/x\n# API_KEYS=x\n');
  const env = {
    PATH: process.env['PATH'],
    LOG_LEVEL: 'loud',
    READYZ_REQUIRE: 'everything',
    MAX_CONCURRENT_CALLS: 'many',
    WORKER_CONCURRENCY: '0',
    WHATSAPP_VERSION: 'new',
    PROSAAS_DATADIR: folder,
  };
  const lines: string[] = [];
  const checked = checkSettings(env, (line) => void lines.push(line), file);
  const { message } = await checked.then(
    () => new Error('nothing is wrong'),
    (error: Error) => error,
  );
  const names = [
    'LOG_LEVEL',
    'READYZ_REQUIRE',
    'MAX_CONCURRENT_CALLS',
    'WORKER_CONCURRENCY',
    'WHATSAPP_VERSION',
  ];
  for (const name of names) expect(message.match(new RegExp(`^  ${name} must be `, 'gm'))).toHaveLength(1);
  expect(message).toContain('REDIS_NAMSPACE is no setting; did you mean REDIS_NAMESPACE?');
  expect(message).toContain('PROSAAS_DATADIR is no setting; did you mean PROSAAS_DATA_DIR?');
  expect(message.split('\n')).toHaveLength(1 + names.length + 2);
  expect(lines).toEqual(['names that are no settings of ProSaaS: TZ']);
});

test('prints nothing for valid settings', async () => {
  const lines: string[] = [];
  await checkSettings({ PATH: process.env['PATH'] }, (line) => void lines.push(line), join(folder, 'none'));
  expect(lines).toEqual([]);
});
