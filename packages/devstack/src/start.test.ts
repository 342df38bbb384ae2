import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { formatLine } from './log-line.ts';
import { freePort } from './ports.ts';
import { holdLock } from './run-lock.ts';
import { choosePorts } from './start-ports.ts';

const quiet = (): void => {};

test('reports every invalid or taken port, with the process that holds it and the variable that sets it', async () => {
  await using holder = createServer();
  holder.listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as AddressInfo;
  const env = { API_PORT: String(port), CALLS_PORT: 'five', BAILEYS_PORT: String(await freePort()) };
  const choice = choosePorts(env, [], quiet);
  await expect(choice).rejects.toThrow(
    new RegExp(`port ${port} \\(api\\) is taken by .+ \\(process ${process.pid}\\): .*API_PORT=\\d+`),
  );
  await expect(choice).rejects.toThrow('CALLS_PORT must be a port from 1 to 65535, not "five"');
});

test('uses the ports of the environment if they are free', async () => {
  const env = { API_PORT: await freePort(), CALLS_PORT: await freePort(), BAILEYS_PORT: await freePort() };
  const text = Object.fromEntries(Object.entries(env).map(([name, port]) => [name, String(port)]));
  expect(await choosePorts(text, [], quiet)).toEqual({
    api: env.API_PORT,
    calls: env.CALLS_PORT,
    baileys: env.BAILEYS_PORT,
  });
});

test('takes over the lock of a process that has died', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'prosaas-lock-'));
  const path = join(dir, 'running.json');
  // Process 1 runs, but is not `npm start`, as if the id had been reused.
  await writeFile(path, JSON.stringify({ pid: 1 }));
  using lock = await holdLock(path);
  lock.note({ api: 'http://localhost:5000' });
  await rm(dir, { recursive: true });
});

test('formats a line of a JSON log, and does not change other lines', () => {
  const line =
    '{"level":"warn","time":"2026-01-02T03:04:05.678Z","service":"api","instance":"api:x","check":"redis","msg":"A check fails"}';
  expect(stripVTControlCharacters(formatLine('api', line))).toBe(
    'api       03:04:05 warn  A check fails check=redis',
  );
  expect(stripVTControlCharacters(formatLine('calls', 'plain'))).toBe('calls     plain');
  expect(stripVTControlCharacters(formatLine('calls', '{broken'))).toBe('calls     {broken');
});
