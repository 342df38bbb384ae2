import { readFile } from 'node:fs/promises';
import { poll } from '@prosaas/devstack';
import { beforeAll, expect, test, vi } from 'vitest';
import { type Stage, prepareForks, setStage } from './stage.ts';

vi.setConfig({ testTimeout: 120_000 });

/** The memory limit of the worker's container in `docker-compose.yml`. */
const MEMORY_LIMIT_BYTES = 512 * 1024 * 1024;
const kinds = ['x', '你', '\ufdfa', 'e\u0301\u0316', 'שלום', '😀'];

beforeAll(prepareForks);

// The flag limits the JavaScript heap only; the peak of the process includes buffers and everything else.
test('survives 20 messages of 65,000 characters and answers the customers in between', async () => {
  await using stage = await setStage();
  const worker = stage.fork({ NODE_OPTIONS: '--max-old-space-size=256' });
  const deaths: unknown[] = [];
  worker.once('exit', (code, signal) => deaths.push(code ?? signal));
  for (let at = 0; at < 20; at++) {
    const kind = kinds[at % kinds.length] ?? '';
    await stage.receive('long@s.whatsapp.net', kind.repeat(65_000 / kind.length));
    await stage.receive(`${at}@s.whatsapp.net`, 'Do you take cash?');
  }
  await atRest(stage, deaths);
  expect(deaths).toEqual([]);
  const answers = stage.baileys.sent.filter(({ chatId }) => chatId !== 'long@s.whatsapp.net');
  expect(answers.map(({ text }) => text)).toEqual(Array.from(answers, () => expect.stringContaining('cash')));
  expect(answers).toHaveLength(20);
  expect(await peakBytes(worker.pid)).toBeLessThan(MEMORY_LIMIT_BYTES);
});

async function atRest({ db }: Stage, deaths: readonly unknown[]): Promise<void> {
  const open = `select from messages where status in ('received', 'queued') limit 1`;
  await poll(async () => deaths.length > 0 || (await db.query(open)).length === 0, {
    timeoutMs: 100_000,
    what: 'every message to be answered',
  });
}

async function peakBytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
