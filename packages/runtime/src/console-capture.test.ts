/* oxlint-disable no-console -- what the console shows is what is tested here */
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

describe('what libraries print', () => {
  test('becomes one debug line without what the objects hold', () => {
    const session = { currentRatchet: { rootKey: Buffer.alloc(32, 7), privKey: 'c2VjcmV0' } };
    const lines = linesOf(() => console.info('Closing session:', session, Buffer.alloc(32), 3));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: 'debug',
      console: 'info',
      msg: 'Closing session: <Object> <32 bytes> 3',
    });
  });

  test('stays on one line of bounded length', () => {
    const [line] = linesOf(() => console.error(`a\nb${'c'.repeat(10_000)}`, new Error('inner\nstack')));
    expect(String(line?.['msg'])).toMatch(/^a bc+$/);
    expect(String(line?.['msg']).length).toBeLessThanOrEqual(300);
  });

  test('goes to the console again afterwards', () => {
    const print = console.info;
    linesOf(() => console.info('captured'));
    expect(console.info).toBe(print);
  });
});
