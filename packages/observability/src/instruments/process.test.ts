import { closeSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { defineCatalogue } from '../metrics/catalogue.ts';
import { MetricsRegistry } from '../metrics/registry.ts';
import { parseColumn } from '../metrics/column.ts';
import { instrumentProcess, processMetrics } from './process.ts';

function measured(registry: MetricsRegistry): Record<string, number> {
  const { columns, values } = registry.collect();
  return Object.fromEntries(columns.map((column, i) => [parseColumn(column)!.name, values[i]!]));
}

function blockEventLoop(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('measures CPU and memory before each collection', async () => {
  const registry = new MetricsRegistry(defineCatalogue(processMetrics({ service: ['api'] })));
  await using stack = new AsyncDisposableStack();
  stack.use(instrumentProcess({ registry, labels: { service: 'api' } }));
  blockEventLoop(30);
  const first = measured(registry);
  expect(first['process_resident_memory_bytes']).toBeGreaterThan(first['nodejs_heap_size_used_bytes']!);
  expect(first['nodejs_heap_size_used_bytes']).toBeGreaterThan(1e6);
  expect(first['nodejs_active_resources']).toBeGreaterThan(0);
  expect(first['process_cpu_user_seconds']).toBeGreaterThan(0);
  blockEventLoop(30);
  const second = measured(registry);
  expect(second['process_cpu_user_seconds']).toBeGreaterThan(first['process_cpu_user_seconds']!);
  expect(second['process_cpu_seconds']).toBeCloseTo(
    second['process_cpu_user_seconds']! + second['process_cpu_system_seconds']!,
  );
  expect(Math.abs(first['process_start_time_seconds']! + process.uptime() - Date.now() / 1000)).toBeLessThan(
    5,
  );
  expect(first['nodejs_version_info']).toBe(1);
});

test.runIf(process.platform === 'linux')(
  'open file descriptors are counted, and their limit is shown',
  () => {
    const registry: MetricsRegistry = new MetricsRegistry(defineCatalogue(processMetrics()));
    using stack = new DisposableStack();
    stack.use(instrumentProcess({ registry }));
    const { process_open_fds: before, process_max_fds: limit } = measured(registry);
    const opened = openSync('/dev/null', 'r');
    stack.defer(() => closeSync(opened));
    expect(measured(registry)['process_open_fds']).toBe(before! + 1);
    expect(limit).toBeGreaterThan(before!);
  },
);

test('a block of the event loop is shown for at least one minute and at most two', async () => {
  let now = 0;
  const registry = new MetricsRegistry(defineCatalogue(processMetrics()));
  await using stack = new AsyncDisposableStack();
  stack.use(instrumentProcess({ registry, now: () => now }));
  const longest = (): number => measured(registry)['nodejs_eventloop_lag_max_seconds']!;
  // The monitor measures only after its own timer has run twice.
  await expect.poll(async () => (blockEventLoop(120), await wait(1), longest())).toBeGreaterThan(0.05);
  now += 60_000;
  expect(longest()).toBeGreaterThan(0.05);
  await wait(60);
  expect(longest()).toBeGreaterThan(0.05);
  // Each poll advances by one window. A slow machine may delay the event loop in one window, but hardly in two.
  await expect
    .poll(async () => {
      now += 60_000;
      await wait(50);
      return longest();
    })
    .toBeLessThan(0.05);
});

test('windows overlap, so that a block between them is not lost', async () => {
  let now = 0;
  const registry = new MetricsRegistry(defineCatalogue(processMetrics()));
  await using stack = new AsyncDisposableStack();
  stack.use(instrumentProcess({ registry, now: () => now }));
  const longest = (): number => measured(registry)['nodejs_eventloop_lag_max_seconds']!;
  await wait(100);
  now += 60_000;
  longest();
  blockEventLoop(150);
  await expect.poll(async () => (await wait(1), longest())).toBeGreaterThan(0.1);
});
