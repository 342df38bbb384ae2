import { describe, expect, test } from 'vitest';
import { AppError } from './app-error.ts';
import { type Logger, createLogger, setLogLevel } from './logger.ts';

interface LogBook {
  log: Logger;
  lines: string[];
  last(): Record<string, unknown>;
}

function openBook(level = 'DEBUG'): LogBook {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  return {
    log: createLogger({ service: 'api', instance: 'api:host:1', level, destination }),
    lines,
    last: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown>,
  };
}

describe('a log line', () => {
  test('is JSON with level name, ISO time, service and instance', () => {
    const book = openBook();
    book.log.warn({ request_id: 'r1' }, 'Slow');
    expect(book.last()).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      service: 'api',
      instance: 'api:host:1',
      request_id: 'r1',
      msg: 'Slow',
    });
  });

  test('is not written below the level', () => {
    const book = openBook('WARNING');
    book.log.info('quiet');
    book.log.error('loud');
    expect(book.lines).toHaveLength(1);
  });

  const hunter = 'hunter2-hunter2';
  const leaks: [string, (log: Logger) => void][] = [
    ['a token in a URL', (log) => log.info({ url: `/metrics.json?verbose&token=${hunter}` }, 'x')],
    ['a token in the message', (log) => log.info(`GET /metrics.json?token=${hunter} failed`)],
    [
      'a token in the text of an error',
      (log) => log.error({ err: new Error(`GET /x?token=${hunter}`) }, 'x'),
    ],
    [
      'a token in the cause of an error',
      (log) => log.error(new Error('a', { cause: new Error(`?key=${hunter}`) })),
    ],
    ['the password of a URL', (log) => log.info({ to: `postgres://prosaas:${hunter}@db/prosaas` }, 'x')],
    ['a password without a user', (log) => log.info(`redis://:${hunter}@redis:6379 is away`)],
    ['a bearer token in a text', (log) => log.info(`authorization: Bearer ${hunter}`)],
    [
      'headers',
      (log) => log.info({ headers: { authorization: hunter, cookie: hunter, 'x-api-key': hunter } }, 'x'),
    ],
    [
      'further headers',
      (log) => log.info({ headers: { 'X-Admin-Key': hunter, 'x-internal-secret': hunter } }, 'x'),
    ],
    ['a configuration', (log) => log.info({ config: { API_KEY: hunter, REDIS_PASSWORD: hunter } }, 'x')],
    ['a list of secrets', (log) => log.info({ metricsTokens: [hunter] }, 'x')],
    ['the bindings of a child', (log) => log.child({ token: hunter }).info('x')],
    [
      'the parameters of a database error',
      (log) => log.error({ err: failed({ detail: hunter, parameters: [hunter] }) }, 'x'),
    ],
    [
      'the command of a Redis error',
      (log) => log.error({ err: failed({ command: { name: 'auth', args: [hunter] } }) }, 'x'),
    ],
    [
      'bytes',
      (log) =>
        log.info({ session: { identity: { pub: Buffer.from(hunter), priv: new Uint8Array(99) } } }, 'x'),
    ],
    [
      'a request',
      (log) => log.info({ req: { method: 'GET', url: `/a?b=${hunter}`, headers: { a: hunter } } }, 'x'),
    ],
  ];
  test.each(leaks)('does not show %s', (_, write) => {
    const book = openBook();
    write(book.log);
    expect(book.lines).toHaveLength(1);
    expect(book.lines[0]).not.toContain(hunter);
    expect(book.lines[0]).not.toContain(JSON.stringify([...Buffer.from(hunter)]).slice(1, -1));
    expect(() => book.last()).not.toThrow();
  });

  test('keeps values whose names only look secret', () => {
    const book = openBook();
    book.log.info({ tokens: 3, key: 'message-1' }, 'basic information: at 10:30 to a@b');
    expect(book.last()).toMatchObject({
      tokens: 3,
      key: 'message-1',
      msg: 'basic information: at 10:30 to a@b',
    });
  });

  test('shows an error with its code, stack and causes', () => {
    const book = openBook();
    book.log.error(
      { err: new AppError('No such call', { code: 'CALL_NOT_FOUND', cause: new Error('inner') }) },
      'x',
    );
    expect(book.last()['err']).toMatchObject({
      type: 'AppError',
      code: 'CALL_NOT_FOUND',
      message: 'No such call',
      stack: expect.stringContaining('logger.test.ts'),
      cause: { message: 'inner' },
    });
  });

  test('of a megabyte is written too', () => {
    const book = openBook();
    for (const text of ['a.', 'a:', '?key', 'bearer ', '"token', 'http://a:']) {
      book.log.info({ text: text.repeat(1_000_000 / text.length) }, 'x');
    }
    expect(book.lines).toHaveLength(6);
  });

  test('is written for cyclic data', () => {
    const book = openBook();
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    book.log.info({ circle }, 'x');
    expect(book.lines[0]).toContain('[too deep]');
  });
});

function failed(fields: Record<string, unknown>): Error {
  return Object.assign(new Error('failed'), fields);
}

test('a new level applies to existing children and grandchildren', () => {
  const book = openBook('INFO');
  const child = book.log.child({ session: 's1' });
  const grandchild = child.child({ job_id: 'j1' });
  child.debug('quiet');
  setLogLevel(book.log, 'debug');
  for (const log of [book.log, child, grandchild]) log.debug('loud');
  expect(book.lines).toHaveLength(3);
  expect(book.last()).toMatchObject({ session: 's1', job_id: 'j1', msg: 'loud' });
  setLogLevel(book.log, 'error');
  for (const log of [book.log, child, grandchild]) log.warn('quiet');
  expect(book.lines).toHaveLength(3);
  expect(book.log.child({}).level).toBe('error');
});
