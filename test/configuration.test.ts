import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { ApiConfig } from '../apps/api/src/config.ts';
import { BaileysConfig } from '../apps/baileys/src/config.ts';
import { CallsConfig } from '../apps/calls/src/config.ts';
import { Config as WorkerConfig } from '../apps/worker/src/config.ts';
import { codeOf, readTable } from './spec/support/tables.ts';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

const schemas = { api: ApiConfig, calls: CallsConfig, worker: WorkerConfig, baileys: BaileysConfig };

interface ComposeService {
  image: string;
  environment: Record<string, string | number>;
  healthcheck: Record<string, unknown>;
  ports?: string[];
  [setting: string]: unknown;
}
const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Record<string, ComposeService>;
};

function defaultsOf(app: keyof typeof schemas): Map<string, string> {
  const fields = Object.entries(
    schemas[app].properties as Record<string, { default?: string | number | boolean }>,
  );
  return new Map(
    fields.map(([name, field]) => {
      const value = typeof field.default === 'boolean' ? Number(field.default) : field.default;
      return [name, String(value ?? '')];
    }),
  );
}

const allDefaults = new Map(
  Object.keys(schemas).flatMap((app) => [...defaultsOf(app as keyof typeof schemas)]),
);

/** Settings that only Compose reads from .env. */
const composeOnly = ['REDIS_PORT', 'REDIS_MAXMEMORY', 'SIMULATOR_PORT', 'POSTGRES_PASSWORD'];

test('.env.example lists exactly the settings of all services, with their defaults', () => {
  const lines = read('.env.example').split('\n');
  const settings = lines.flatMap((line) => {
    const [, name, value] = /^#([A-Z][A-Z0-9_]*)=(.*)$/.exec(line) ?? [];
    return name === undefined ? [] : [[name, value ?? ''] as const];
  });
  const own = settings.filter(([name]) => !composeOnly.includes(name));
  expect(Object.fromEntries(own)).toEqual(Object.fromEntries(allDefaults));
  expect(settings).toHaveLength(own.length + composeOnly.length);
});

test('.env.example lists every variable of the Compose files', () => {
  const files = [
    'docker-compose.yml',
    ...readdirSync(new URL('../deploy', import.meta.url)).map((name) => `deploy/${name}`),
  ];
  const used = files
    .filter((name) => name.endsWith('.yml'))
    .flatMap((name) =>
      Array.from(read(name).matchAll(/\$\{([A-Z][A-Z0-9_]*)/g), ([, variable]) => variable!),
    );
  const named = new Set(
    Array.from(read('.env.example').matchAll(/^#([A-Z][A-Z0-9_]*)=/gm), ([, name]) => name!),
  );
  expect([...new Set(used)].filter((name) => !named.has(name))).toEqual([]);
});

test('every line of .env.example is a comment, so that a copy changes nothing and contains no secret', () => {
  expect(
    read('.env.example')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#')),
  ).toEqual([]);
});

test('docs/operations.md lists how long each kind of record is kept', () => {
  const rows = readTable('operations.md', 'What is kept, and for how long');
  const documented = rows
    .map(({ setting = '', days }) => [codeOf(setting), days])
    .filter(([name]) => name !== '');
  const settings = [...defaultsOf('worker')].filter(([name]) => name.startsWith('RETENTION_'));
  expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(settings));
});

/** Settings that the containers fix: addresses in Compose's network, and facts about the image's build. */
const fixed = new Set([
  'HOST',
  'API_PORT',
  'CALLS_PORT',
  'BAILEYS_PORT',
  'BAILEYS_ADVERTISE_URL',
  'REDIS_PASSWORD',
]);
const built = new Set(['BUILD_NUMBER', 'GIT_COMMIT', 'BUILT_AT']);
const inside = new Map([
  ['REDIS_URL', 'redis://redis:6379/0'],
  ['REDIS_USERNAME', 'prosaas'],
  ['DATABASE_URL', 'postgres://prosaas@postgres:5432/prosaas'],
  ['BAILEYS_URL', 'http://baileys:3300'],
  ['PROFILE_PATH', '/profile.yaml'],
]);

test.each(Object.keys(schemas) as (keyof typeof schemas)[])(
  'docker-compose.yml passes every setting to %s, with the same default',
  (app) => {
    const wanted = Object.fromEntries(
      [...defaultsOf(app)]
        .filter(([name]) => !fixed.has(name) && !built.has(name))
        .map(([name, value]) => [name, inside.get(name) ?? `\${${name}:-${value}}`]),
    );
    const { REDIS_PASSWORD_FILE, PGPASSWORD, ...given } = compose.services[app]?.environment ?? {};
    expect(given).toEqual(wanted);
    expect(PGPASSWORD).toBe('${POSTGRES_PASSWORD:-prosaas}');
    expect(REDIS_PASSWORD_FILE).toBe('/run/prosaas/redis-password');
  },
);

test('the healthchecks are exactly those of the specification', () => {
  const { api, calls, worker, baileys } = compose.services;
  expect(api?.healthcheck).toEqual({
    test: ['CMD', 'curl', '-f', 'http://localhost:5000/api/health'],
    interval: '30s',
    timeout: '10s',
    retries: 3,
    start_period: '40s',
  });
  expect(calls?.healthcheck).toEqual({
    test: ['CMD', 'curl', '-f', 'http://localhost:5050/health'],
    interval: '30s',
    timeout: '10s',
    retries: 3,
  });
  expect(worker?.healthcheck).toEqual({
    test: [
      'CMD-SHELL',
      `python -c "import os,redis; r=redis.from_url(os.environ.get('REDIS_URL','redis://redis:6379/0')); r.ping()"`,
    ],
    interval: '30s',
  });
  expect(baileys?.healthcheck).toEqual({
    test: ['CMD-SHELL', 'wget -qO- http://localhost:3300/health >/dev/null 2>&1 || exit 1'],
    interval: '15s',
  });
});

test('every container has no capabilities, a read-only root, and loopback ports with a variable each', () => {
  for (const [name, service] of Object.entries(compose.services)) {
    expect(service, name).toMatchObject({
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      read_only: true,
      init: true,
      stop_grace_period: '30s',
      logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
      mem_limit: expect.stringMatching(/^\d+m$/),
    });
    for (const port of service.ports ?? [])
      expect(port).toMatch(/^127\.0\.0\.1:\$\{[A-Z]+_PORT:-(\d+)\}:\1$/);
  }
  expect(compose.services['postgres']?.ports).toBeUndefined();
  expect(compose.services['worker']?.ports).toBeUndefined();
});
