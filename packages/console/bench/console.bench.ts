import { once } from 'node:events';
import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { buildConsole, chromiumPath } from '@prosaas/devstack';
import { median, report } from '@prosaas/devstack/bench';
import { consoleFolder } from '@prosaas/console';
import { type Browser, type CDPSession, type Page, chromium } from 'playwright-core';
import { build } from 'vite';

const ROUNDS = 5;
const IDLE_MS = 10_000;
const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
const empty = '<!doctype html><title>Empty</title><p>Empty</p>';

await buildConsole();
await using charts = await mkdtempDisposable(join(tmpdir(), 'charts-'));
await build({
  configFile: join(import.meta.dirname, '..', 'vite.config.ts'),
  root: join(import.meta.dirname, 'charts'),
  build: { outDir: charts.path, emptyOutDir: true },
  logLevel: 'warn',
});
const folders: Record<string, string> = { console: consoleFolder, charts: charts.path };
const server = createServer((request, response) => {
  const [, name = '', ...path] = (request.url ?? '').split('/');
  const folder = folders[name];
  if (folder === undefined) {
    response.writeHead(name === 'empty' ? 200 : 404, { 'content-type': 'text/html' }).end(empty);
    return;
  }
  const file = join(folder, path.join('/') || 'index.html');
  readFile(file).then(
    (body) => response.writeHead(200, { 'content-type': types[extname(file)] ?? 'image/svg+xml' }).end(body),
    () => response.writeHead(404).end(),
  );
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const browser = await chromium.launch({
  executablePath: chromiumPath(),
  args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--disable-dev-shm-usage', '--disable-gpu'],
});

/** Milliseconds from the request to the first contentful paint, with an empty cache. */
async function firstPaint(path: string): Promise<number> {
  return onPage(browser, `${url}/${path}/`, async (page) =>
    page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          new PerformanceObserver((list) => {
            for (const { name, startTime } of list.getEntries())
              if (name === 'first-contentful-paint') resolve(startTime);
          }).observe({ type: 'paint', buffered: true });
        }),
    ),
  );
}

/** CPU use of the page's process in per cent of one core. */
async function idleCpu(path: string): Promise<number> {
  return onPage(browser, `${url}/${path}/`, async (page) => {
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable');
    await page.waitForTimeout(2000);
    const before = await taskSeconds(session);
    await page.waitForTimeout(IDLE_MS);
    return (((await taskSeconds(session)) - before) / (IDLE_MS / 1000)) * 100;
  });
}

async function onPage<T>(from: Browser, target: string, run: (page: Page) => Promise<T>): Promise<T> {
  const context = await from.newContext();
  try {
    const page = await context.newPage();
    await page.goto(target);
    return await run(page);
  } finally {
    await context.close();
  }
}

async function taskSeconds(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0;
}

const paints: Record<string, number[]> = { empty: [], console: [] };
const idle: Record<string, number[]> = { empty: [], charts: [] };
for (let round = 0; round < ROUNDS; round++) {
  for (const name of Object.keys(paints)) paints[name]?.push(await firstPaint(name));
}
for (let round = 0; round < 3; round++) {
  for (const name of Object.keys(idle)) idle[name]?.push(await idleCpu(name));
}
const row = (values: number[] = [], unit: string): string => `${median(values).toFixed(1)} ${unit}`;
report(
  'First paint, nothing cached',
  { 'an empty page': row(paints['empty'], 'ms'), 'the console': row(paints['console'], 'ms') },
  [],
);
report(
  'CPU of the page: 20 live charts, a point a second each',
  { 'an empty page': row(idle['empty'], '%'), '20 charts': row(idle['charts'], '%') },
  [],
);
await browser.close();
server.close();
server.closeAllConnections();
