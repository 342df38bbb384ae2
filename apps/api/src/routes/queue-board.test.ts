import { expect, test } from 'vitest';
import { auditLooks } from './queue-board.ts';

test('a look is audited once a minute for each thing and person, and the files of the page are not', () => {
  let nowMs = 60_000;
  const audited: string[] = [];
  const look = auditLooks(
    ({ params }) => audited.push(params['*'] ?? ''),
    () => nowMs,
  );
  const use = { role: 'admin', action: 'GET', requestId: '1', address: '::1', vouched: false } as const;
  const looks = ['', 'static/js/main.js', 'api/queues', 'api/queues', 'api/queues/dead-letter/1'];
  for (const path of looks) {
    look({ ...use, params: path === '' ? {} : { '*': path } });
  }
  expect(audited.splice(0)).toEqual(['', 'api/queues', 'api/queues/dead-letter/1']);
  const person = { id: 'p', name: 'P', role: 'admin' } as const;
  look({ ...use, person, params: { '*': 'api/queues' } });
  expect(audited.splice(0)).toEqual(['api/queues']);
  nowMs += 60_000;
  for (const path of looks) look({ ...use, params: { '*': path } });
  expect(audited).toEqual(['', 'api/queues', 'api/queues/dead-letter/1']);
});
