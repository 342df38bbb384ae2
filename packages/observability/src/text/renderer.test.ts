import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Catalogue, defineCatalogue } from '../metrics/catalogue.ts';
import { MetricsRegistry } from '../metrics/registry.ts';
import { formatColumn } from '../metrics/column.ts';
import { parseExposition } from '../testing/parse-exposition.ts';
import type { TextFormat } from './format.ts';
import { TextRenderer } from './renderer.ts';

const special = 'a "quoted" \\ back\nslash';
const catalogue = defineCatalogue({
  jobs: { type: 'counter', help: `Jobs, ${special}`, labels: { queue: ['in', special] } },
  sent_bytes: { type: 'counter', help: 'Sent.', unit: 'bytes' },
  active: { type: 'gauge', help: 'Active.' },
  unknown: { type: 'gauge', help: 'Nobody has set it.', optional: true },
  wait_seconds: { type: 'histogram', help: 'Waits.', unit: 'seconds', labels: { route: 'discovered' } },
  size: { type: 'histogram', help: 'Sizes.', buckets: [1, 10] },
});

function filled(): MetricsRegistry<typeof catalogue> {
  const registry = new MetricsRegistry(catalogue);
  registry.counter('jobs', { queue: 'in' }).add(3);
  registry.counter('jobs', { queue: special }).add(0.5);
  registry.gauge('active').set(-2e-9);
  for (const value of [0.001, 0.3, 0.4, 500])
    registry.histogram('wait_seconds', { route: '/a/:id' }).observe(value);
  for (const value of [0, 1, 5, 11]) registry.histogram('size').observe(value);
  return registry;
}

const formats: TextFormat[] = ['prometheus', 'openmetrics'];

test.each(formats)(
  'the %s text shows every metric of the catalogue with its type, help and values',
  async (format) => {
    const text = await new TextRenderer({ catalogue, prefix: 'x_', format }).render(filled().collect());
    const families = parseExposition(text, format);
    const total = format === 'openmetrics' ? '' : '_total';
    expect([...families.keys()]).toEqual([
      `x_jobs${total}`,
      `x_sent_bytes${total}`,
      'x_active',
      'x_wait_seconds',
      'x_size',
    ]);
    expect(families.get(`x_jobs${total}`)).toEqual({
      type: 'counter',
      help: `Jobs, ${special}`,
      unit: undefined,
      samples: [
        { name: 'x_jobs_total', labels: { queue: 'in' }, value: 3 },
        { name: 'x_jobs_total', labels: { queue: special }, value: 0.5 },
      ],
    });
    expect(families.get(`x_sent_bytes${total}`)).toMatchObject({
      unit: format === 'openmetrics' ? 'bytes' : undefined,
      samples: [{ labels: {}, value: 0 }],
    });
    expect(families.get('x_active')!.samples).toEqual([{ name: 'x_active', labels: {}, value: -2e-9 }]);
    const whole = (bound: string): string => (format === 'openmetrics' ? `${bound}.0` : bound);
    expect(families.get('x_size')!.samples).toEqual([
      { name: 'x_size_bucket', labels: { le: whole('1') }, value: 2 },
      { name: 'x_size_bucket', labels: { le: whole('10') }, value: 3 },
      { name: 'x_size_bucket', labels: { le: '+Inf' }, value: 4 },
      { name: 'x_size_sum', labels: {}, value: 17 },
      { name: 'x_size_count', labels: {}, value: 4 },
    ]);
  },
);

test('exponential buckets show one bound for each doubling, with exact counts', async () => {
  const text = await new TextRenderer({ catalogue }).render(filled().collect());
  const { samples } = parseExposition(text, 'prometheus').get('wait_seconds')!;
  const below = (le: string): number => samples.find(({ labels }) => labels['le'] === le)!.value;
  expect(samples.filter(({ name }) => name === 'wait_seconds_bucket')).toHaveLength(26);
  expect([
    below('0.0009765625'),
    below('0.001953125'),
    below('0.25'),
    below('0.5'),
    below('128'),
    below('+Inf'),
  ]).toEqual([0, 1, 1, 3, 3, 4]);
});

test('a second text shows changed values and new series', async () => {
  const registry = new MetricsRegistry(defineCatalogue(wide()));
  const renderer = new TextRenderer({ catalogue: registry.catalogue });
  for (let i = 0; i < 500; i++) registry.counter('wide', { n: String(i) }).add(i);
  const once = parseExposition(await renderer.render(registry.collect()), 'prometheus');
  expect(once.get('wide_total')!.samples.map(({ value }) => value)).toEqual(
    Array.from({ length: 500 }, (_, i) => i),
  );
  registry.counter('wide', { n: '77' }).add();
  registry.counter('wide', { n: 'new' }).add();
  const again = parseExposition(await renderer.render(registry.collect()), 'prometheus');
  const { samples } = again.get('wide_total')!;
  expect(samples).toHaveLength(501);
  expect([samples[76]!.value, samples[77]!.value, samples[500]]).toEqual([
    76,
    78,
    { name: 'wide_total', labels: { n: 'new' }, value: 1 },
  ]);
});

test('the pieces of a text show the values at the time of the call', async () => {
  const registry = new MetricsRegistry(defineCatalogue(wide()));
  const renderer = new TextRenderer({ catalogue: registry.catalogue });
  const counters = Array.from({ length: 1990 }, (_, i) => registry.counter('wide', { n: String(i) }));
  const valuesOf = async (pieces: AsyncGenerator<string>): Promise<Set<number>> => {
    let text = '';
    for await (const piece of pieces) text += piece;
    return new Set(
      parseExposition(text, 'prometheus')
        .get('wide_total')!
        .samples.map(({ value }) => value),
    );
  };
  const turns: Promise<Set<number>>[] = [];
  for (let turn = 0; turn < 20; turn++) {
    for (const counter of counters) counter.add();
    turns.push(valuesOf(renderer.pieces(registry.collect())));
  }
  expect(await Promise.all(turns)).toEqual(Array.from({ length: 20 }, (_, turn) => new Set([turn + 1])));
});

test('series of another version are shown as far as they fit, and never break the text', async () => {
  const columns = [
    formatColumn({ kind: 'c', name: 'theirs', labels: { a: 'x' } }),
    formatColumn({ kind: 'g', name: 'jobs', labels: {}, aggregate: 'sum' }),
    formatColumn({ kind: 'g', name: 'active', labels: {}, aggregate: 'max' }),
    formatColumn({ kind: 'g', name: 'active', labels: {}, aggregate: 'sum' }),
    formatColumn({ kind: 'c', name: 'bad-name', labels: {} }),
    formatColumn({ kind: 'c', name: 'bad_label', labels: { 'a b': '' } }),
    formatColumn({ kind: 'h', name: 'size', labels: {}, buckets: [1, 5, 20], part: 0 }),
    formatColumn({ kind: 'h', name: 'size', labels: {}, buckets: [1, 5, 20], part: 2 }),
    formatColumn({ kind: 'h', name: 'size', labels: {}, buckets: [1, 10], part: 1 }),
    'nonsense',
  ];
  const values = Float64Array.from(columns, (_, i) => i + 1);
  const families = parseExposition(
    await new TextRenderer({ catalogue }).render({ columns, values }),
    'prometheus',
  );
  expect(families.get('theirs_total')).toMatchObject({
    type: 'counter',
    help: undefined,
    samples: [{ labels: { a: 'x' }, value: 1 }],
  });
  expect(families.get('active')!.samples).toEqual([{ name: 'active', labels: {}, value: 3 }]);
  // The bucket with the bound 20 only counts towards +Inf; no value is lost.
  expect(families.get('size')!.samples.map(({ value }) => value)).toEqual([7, 16, 24, 0, 24]);
  expect([...families.keys()]).not.toContain('bad_label_total');
});

test('renders no series as a valid text', async () => {
  const none = { columns: [], values: new Float64Array(0) };
  expect(await new TextRenderer({ catalogue: {} }).render(none)).toBe('');
  expect(await new TextRenderer({ catalogue: {}, format: 'openmetrics' }).render(none)).toBe('# EOF\n');
});

test('any labels and values survive rendering and parsing', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.string({ unit: 'binary', maxLength: 20 }), { minLength: 1, maxLength: 5 }),
      fc.double(),
      fc.constantFrom(...formats),
      async (texts, value, format) => {
        const columns = texts.map((text) =>
          formatColumn({ kind: 'g', name: 'g', labels: { text }, aggregate: 'sum' }),
        );
        const text = await new TextRenderer({ catalogue: {}, format }).render({
          columns,
          values: Float64Array.from(columns, () => value),
        });
        const samples = parseExposition(text, format).get('g')?.samples ?? [];
        expect(samples.map(({ labels }) => labels['text'])).toEqual(texts);
        for (const sample of samples) expect(sample.value === value || Number.isNaN(value)).toBe(true);
      },
    ),
  );
});

test('promtool, where it is installed, accepts the text', async () => {
  const text = await new TextRenderer({ catalogue, prefix: 'x_' }).render(filled().collect());
  const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  const isInstalled = checked.error === undefined;
  expect(isInstalled ? [checked.status, checked.stdout, checked.stderr] : [0, '', '']).toEqual([0, '', '']);
});

function wide(): Catalogue {
  return { wide: { type: 'counter', help: 'Wide.', labels: { n: 'discovered' } } };
}

test('a histogram adds up labels that are not requested, and a standard name has no prefix', async () => {
  const known = defineCatalogue({
    took_seconds: {
      type: 'histogram',
      help: 'Took.',
      unit: 'seconds',
      labels: { method: ['GET'], route: 'discovered' },
      buckets: [1, 2],
      onRequest: ['route'],
    },
    process_cpu_seconds: { type: 'counter', help: 'CPU.', unit: 'seconds', standard: true },
  });
  const registry = new MetricsRegistry(known);
  for (const [route, value] of [
    ['/a', 0.5],
    ['/b', 1.5],
    ['/b', 5],
  ] as const)
    registry.histogram('took_seconds', { method: 'GET', route }).observe(value);
  const linesOf = async (per: string[]): Promise<string[]> => {
    const renderer = new TextRenderer({ catalogue: known, prefix: 'x_', per: new Set(per) });
    return (await renderer.render(registry.collect())).split('\n').filter((line) => !line.startsWith('#'));
  };
  expect(await linesOf([])).toEqual([
    'x_took_seconds_bucket{method="GET",le="1"} 1',
    'x_took_seconds_bucket{method="GET",le="2"} 2',
    'x_took_seconds_bucket{method="GET",le="+Inf"} 3',
    'x_took_seconds_sum{method="GET"} 7',
    'x_took_seconds_count{method="GET"} 3',
    'process_cpu_seconds_total 0',
    '',
  ]);
  expect(await linesOf(['route'])).toContain('x_took_seconds_count{method="GET",route="/b"} 2');
});
