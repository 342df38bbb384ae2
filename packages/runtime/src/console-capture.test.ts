/* oxlint-disable no-console -- this file tests the console */
import { describe, expect, test } from 'vitest';
import { captureConsole } from './console-capture.ts';
import { createLogger } from './logger.ts';

function linesOf(print: () => void): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  const destination = {
    write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  };
  const capture = captureConsole(
    createLogger({ service: 'test', instance: 'test', level: 'DEBUG', destination }),
  );
  print();
  capture[Symbol.dispose]();
  return lines;
}

describe('console output of libraries', () => {
  test('becomes one debug line without the content of objects', () => {
    const session = { currentRatchet: { rootKey: Buffer.alloc(32, 7), privKey: 'c2VjcmV0' } };
    const lines = linesOf(() => console.info('Closing session:', session, Buffer.alloc(32), 3));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: 'debug',
      console: 'info',
      msg: 'Closing session: <Object> <32 bytes> 3',
    });
  });

  test('is one line of bounded length', () => {
    const [line] = linesOf(() => console.error(`a\nb${'c'.repeat(10_000)}`, new Error('inner\nstack')));
    expect(String(line?.['msg'])).toMatch(/^a bc+$/);
    expect(String(line?.['msg']).length).toBeLessThanOrEqual(300);
  });

  test('goes to the console again after disposal', () => {
    const print = console.info;
    linesOf(() => console.info('captured'));
    expect(console.info).toBe(print);
  });
});
