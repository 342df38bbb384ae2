import { createLogger } from '@prosaas/runtime';
import { expect, test } from 'vitest';
import { AuditTrail } from './audit-trail.ts';
import type { Queryable } from '../database.ts';

interface Line {
  level: string;
  msg: string;
  lost?: number;
}

function opened(answer: (action: string) => Error | undefined): {
  trail: AuditTrail;
  written: string[];
  lines: Line[];
} {
  const lines: Line[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Line) };
  const log = createLogger({ service: 'test', instance: 'test', level: 'info', destination });
  const written: string[] = [];
  const db: Queryable = {
    query: async (_sql: string, params: unknown[]) => {
      const action = String(params[2]);
      const error = answer(action);
      if (error) throw error;
      written.push(action);
      return [];
    },
  };
  return { trail: new AuditTrail({ db, log }), written, lines };
}

const use = (action: string): { role: string; action: string } => ({ role: 'admin', action });
const serverError = (code: string): Error =>
  Object.assign(new Error(`refused: ${code}`), { code, severity: 'ERROR' });

test('entries that the database does not accept are written later, in order, and logged as one outage', async () => {
  let outage: Error | undefined = serverError('42703');
  const { trail, written, lines } = opened(() => outage);
  for (let at = 0; at < 20; at++) trail.add(use(`GET ${at}`));
  await expect.poll(() => lines.length, { timeout: 20_000 }).toBe(1);
  trail.add(use('GET 20'));
  outage = undefined;
  await expect.poll(() => lines.length, { timeout: 20_000 }).toBe(2);
  expect(written).toEqual(Array.from({ length: 21 }, (_, at) => `GET ${at}`));
  expect(lines).toMatchObject([
    { level: 'warn', msg: 'the audit log cannot be written; its entries wait' },
    { level: 'info', msg: 'the audit log is written again' },
  ]);
  await trail[Symbol.asyncDispose]();
});

test('an entry that can never be stored delays no other, and counts as lost', async () => {
  let isAway = true;
  const { trail, written, lines } = opened((action) => {
    if (isAway) return serverError('57P03');
    return action === 'bad' ? serverError('22021') : undefined;
  });
  for (const action of ['first', 'bad', 'last']) trail.add(use(action));
  await new Promise(setImmediate);
  isAway = false;
  await expect.poll(() => written, { timeout: 20_000 }).toEqual(['first', 'last']);
  await expect
    .poll(() => lines)
    .toMatchObject([{ level: 'error', msg: 'audit entries were not written', lost: 1 }]);
  await trail[Symbol.asyncDispose]();
});

test('at most a thousand entries wait, and those left at the end count as lost', async () => {
  const { trail, lines } = opened(() => serverError('25006'));
  for (let at = 0; at < 1010; at++) trail.add(use(`GET ${at}`));
  await new Promise(setImmediate);
  await trail[Symbol.asyncDispose]();
  // Apart from the warning about the outage.
  expect(lines.filter(({ level }) => level === 'error')).toMatchObject([
    { level: 'error', msg: 'too many audit entries wait for the database: more are lost' },
    { level: 'error', msg: 'audit entries were not written', lost: 1010 },
  ]);
});
