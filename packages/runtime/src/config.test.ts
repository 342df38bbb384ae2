import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TObject, Type } from 'typebox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CommonConfig, KeysConfig } from './common-config.ts';
import {
  Choice,
  Flag,
  OptionalText,
  OptionalUrl,
  Port,
  Seconds,
  Secret,
  UrlText,
  Integer,
} from './config-fields.ts';
import { ConfigError, loadConfig } from './config.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

function problemsOf(schema: TObject, env: Record<string, string>): readonly string[] {
  try {
    loadConfig(schema, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('a value of the environment', () => {
  const cases = [
    ['a port', Port(5000, ''), '8080', 8080],
    ['a port that the system picks', Port(5000, ''), '0', 0],
    ['a whole number', Integer(1, ''), ' 42 ', 42],
    ['a flag that is on', Flag(false, ''), 'Yes', true],
    ['a flag that is off', Flag(true, ''), '0', false],
    ['seconds with a fraction', Seconds(1, ''), '0.5', 0.5],
    ['a choice', Choice(['a', 'b'], 'a', ''), 'b', 'b'],
    ['a URL', UrlText('http://a', ''), 'https://b/c', 'https://b/c'],
    ['a websocket URL', OptionalUrl('', ['ws', 'wss']), 'wss://b', 'wss://b'],
    ['a plain TypeBox number', Type.Integer({ minimum: 1 }), '7', 7],
    ['a plain TypeBox flag', Type.Boolean(), 'true', true],
  ] as const;
  test.each(cases)('is read as %s', (_, field, text, value) => {
    expect(loadConfig(Type.Object({ X: field }), { X: text })).toEqual({ X: value });
  });

  const faults = [
    [Port(1, ''), '65536', 'X must be a whole number from 0 to 65535, not "65536"'],
    [Port(1, ''), '0x10', 'X must be a whole number from 0 to 65535, not "0x10"'],
    [Integer(1, ''), '1.5', 'X must be a whole number of at least 0, not "1.5"'],
    [Integer(1, '', { minimum: 1 }), '-1', 'X must be a whole number of at least 1, not "-1"'],
    [Seconds(1, ''), 'soon', 'X must be a number from 0 to 86400, not "soon"'],
    [Flag(true, ''), 'maybe', 'X must be 1 or 0 (or true, false, yes, no, on, off), not "maybe"'],
    [Flag(true, ''), 'constructor', 'X must be 1 or 0 (or true, false, yes, no, on, off), not "constructor"'],
    [Choice(['a', 'b'], 'a', ''), 'c', 'X must be one of a, b, not "c"'],
    [UrlText('http://a', ''), 'b', 'X must be a URL that begins with http:// or https://, not "b"'],
    [
      UrlText('http://a', ''),
      'ftp://b',
      'X must be a URL that begins with http:// or https://, not "ftp://b"',
    ],
    [Type.Integer({ minimum: 1 }), '0', 'X must be >= 1, not "0"'],
    [Type.String(), '', 'X is required'],
  ] as const;
  test.each(faults)('%#: is refused with the reason', (field, text, problem) => {
    expect(problemsOf(Type.Object({ X: field }), { X: text })).toEqual([problem]);
  });
});

describe('the configuration', () => {
  test('has defaults for an empty environment', () => {
    expect(loadConfig(CommonConfig, {})).toEqual({
      LOG_LEVEL: 'info',
      LOG_PRETTY: false,
      REDIS_URL: 'redis://localhost:6379/0',
      REDIS_NAMESPACE: 'prosaas',
      DATABASE_URL: 'postgres://prosaas:prosaas@localhost:5432/prosaas',
      BUILD_NUMBER: 0,
      GIT_COMMIT: 'unknown',
      DRAIN_SECONDS: 1,
    });
  });

  test('treats an empty value as unset', () => {
    expect(loadConfig(CommonConfig, { LOG_LEVEL: '', REDIS_PASSWORD: ' ' })).toEqual(
      loadConfig(CommonConfig, {}),
    );
  });

  test('reports every fault at once, and never the value of a secret', () => {
    const problems = problemsOf(Type.Object({ ...CommonConfig.properties, API_PORT: Port(5000, '') }), {
      LOG_LEVEL: 'loud',
      DATABASE_URL: 'mysql://root:hunter2@db',
      REDIS_NAMESPACE: 'a b',
      API_PORT: 'http',
    });
    expect(problems).toEqual([
      'LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL (or trace, warn, fatal, silent), not "loud"',
      'REDIS_NAMESPACE must be 1 to 63 letters, digits, - or _, not "a b"',
      'DATABASE_URL must be a URL that begins with postgres:// or postgresql://',
      'API_PORT must be a whole number from 0 to 65535, not "http"',
    ]);
  });

  test('accepts one metrics token or two, and no more', () => {
    expect(loadConfig(KeysConfig, { METRICS_TOKEN: 'old,new' })).toEqual({ METRICS_TOKEN: 'old,new' });
    for (const text of ['a,b,c', ',', 'a,']) {
      expect(problemsOf(KeysConfig, { METRICS_TOKEN: text })).toEqual([
        'METRICS_TOKEN must be one token, or two separated by a comma',
      ]);
    }
  });

  test.each(['API_KEY', 'ADMIN_KEY', 'INTERNAL_SECRET'])(
    'accepts %s of at least 16 characters, all of which a header can carry',
    (name) => {
      const key = 'sixteen-letters!';
      expect(loadConfig(KeysConfig, { [name]: key })).toEqual({ [name]: key });
      expect(problemsOf(KeysConfig, { [name]: key.slice(1) })).toEqual([
        `${name} must have at least 16 characters`,
      ]);
      for (const text of ['schlüssel-schlüssel', 'a key of four words']) {
        expect(problemsOf(KeysConfig, { [name]: text })).toEqual([
          `${name} must be printable ASCII without spaces: a header carries nothing else`,
        ]);
      }
    },
  );

  test.each(['tökén', 'old,nëw', 'a b'])('refuses the metrics token %j', (text) => {
    expect(problemsOf(KeysConfig, { METRICS_TOKEN: text })).toEqual([
      'METRICS_TOKEN must be printable ASCII without spaces: a header carries nothing else',
    ]);
  });

  test('reads a secret from a file, but no other setting', async () => {
    const file = join(folder, 'secret');
    await writeFile(file, 'from a file\n');
    const schema = Type.Object({ KEY: Secret(''), NAME: OptionalText('') });
    expect(loadConfig(schema, { KEY_FILE: file, NAME_FILE: file })).toEqual({ KEY: 'from a file' });
  });

  test('reports a secret that is set twice, or whose file cannot be read', () => {
    const schema = Type.Object({ A: Secret(''), B: Secret('') });
    const missing = join(folder, 'nothing');
    expect(problemsOf(schema, { A: 'x', A_FILE: missing, B_FILE: missing })).toEqual([
      'A is set twice: as A and as A_FILE',
      `B cannot be read: B_FILE names ${missing} (ENOENT)`,
    ]);
  });
});
