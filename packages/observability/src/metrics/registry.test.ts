import { expect, test } from 'vitest';
import { type Catalogue, defineCatalogue } from './catalogue.ts';
import { MetricsRegistry } from './registry.ts';
import { parseColumn } from './column.ts';

const catalogue = defineCatalogue({
  jobs: { type: 'counter', help: 'Jobs.', labels: { queue: ['in', 'out'], result: ['ok', 'bad'] } },
  calls: { type: 'counter', help: 'Calls.' },
  active: { type: 'gauge', help: 'Active.', aggregate: 'max' },
  seconds: { type: 'histogram', help: 'Seconds.', buckets: [1, 2] },
});

function collected(registry: MetricsRegistry<typeof catalogue>): Record<string, number> {
  const { columns, values } = registry.collect();
  return Object.fromEntries(columns.map((column, i) => [column, values[i]!]));
}

test('collects the values of all handles by column', () => {
  const registry = new MetricsRegistry(catalogue);
  const calls = registry.counter('calls');
  calls.add();
  calls.add(2.5);
  registry.gauge('active').set(4);
  registry.gauge('active').add(-1);
  registry.counter('jobs', { result: 'ok', queue: 'in' }).add();
  for (const value of [0.5, 1, 1.5, 7]) registry.histogram('seconds').observe(value);
  expect(collected(registry)).toEqual({
    'c["calls",{}]': 3.5,
    'g["active",{},"max"]': 3,
    'c["jobs",{"queue":"in","result":"ok"}]': 1,
    'h["seconds",{},[1,2],0]': 2,
    'h["seconds",{},[1,2],1]': 1,
    'h["seconds",{},[1,2],2]': 1,
    'h["seconds",{},[1,2],3]': 10,
  });
});

test('binding the same name and labels again gives the same handle, in any order of labels', () => {
  const registry = new MetricsRegistry(catalogue);
  expect(registry.counter('calls')).toBe(registry.counter('calls'));
  const one = registry.counter('jobs', { queue: 'in', result: 'ok' });
  expect(registry.counter('jobs', { result: 'ok', queue: 'in' })).toBe(one);
  expect(registry.counter('jobs', { result: 'bad', queue: 'in' })).not.toBe(one);
});

test('later series extend the columns and keep the counts', () => {
  const registry = new MetricsRegistry(defineCatalogue(wide()));
  for (let i = 0; i < 200; i++) {
    registry.counter('wide', { n: String(i) }).add(i);
    expect(registry.collect().columns).toHaveLength(i + 1);
  }
  expect([...registry.collect().values]).toEqual(Array.from({ length: 200 }, (_, i) => i));
});

function wide(): Catalogue {
  return {
    wide: { type: 'counter', help: '', labels: { n: Array.from({ length: 200 }, (_, i) => String(i)) } },
  };
}

test('binding throws on anything that the catalogue does not allow', () => {
  const registry = new MetricsRegistry<Catalogue>(catalogue);
  expect(() => registry.counter('unknown')).toThrow('unknown is not in the metric catalogue');
  expect(() => registry.counter('toString')).toThrow('toString is not in the metric catalogue');
  expect(() => registry.gauge('calls')).toThrow('calls is a counter, not a gauge');
  expect(() => registry.counter('jobs')).toThrow('jobs needs the label queue');
  expect(() => registry.counter('jobs', { queue: '+49 170 1', result: 'ok' })).toThrow(
    'queue="+49 170 1" is not one of in, out',
  );
  expect(() => registry.counter('calls', { queue: 'in' })).toThrow('calls has no label queue');
});

test.each([-1, Number.NaN, Infinity])('a step of %s throws and counts nothing', (step) => {
  const registry = new MetricsRegistry(catalogue);
  expect(() => registry.counter('calls').add(step)).toThrow(RangeError);
  expect(() => registry.histogram('seconds').observe(step)).toThrow(RangeError);
  expect(Object.values(collected(registry))).toSatisfy((values: number[]) =>
    values.every((value) => value === 0),
  );
});

test('a gauge can be any finite number', () => {
  const registry = new MetricsRegistry(catalogue);
  registry.gauge('active').set(-2.5);
  expect(() => registry.gauge('active').set(Number.NaN)).toThrow(RangeError);
  expect(Object.values(collected(registry))).toEqual([-2.5]);
});

test('a cleared gauge has no value until it is set again', () => {
  const registry = new MetricsRegistry(catalogue);
  const active = registry.gauge('active');
  active.set(3);
  active.clear();
  expect(Object.values(collected(registry))).toEqual([Number.NaN]);
  expect(() => active.add(1)).toThrow(RangeError);
  active.set(4);
  expect(Object.values(collected(registry))).toEqual([4]);
});

test('a faulty catalogue throws one error with every fault', () => {
  const faulty: Catalogue = {
    'Bad-Name': { type: 'counter', help: '' },
    buckets: { type: 'histogram', help: '', buckets: [2, 1] },
    gauge: { type: 'counter', help: '', aggregate: 'max', labels: { le: ['1'] } },
    bytes: { type: 'counter', help: '', unit: 'seconds' },
    twice: { type: 'counter', help: '' },
    twice_total: { type: 'gauge', help: '' },
    large: { type: 'counter', help: '', labels: { a: sixty(), b: sixty() } },
  };
  expect(() => defineCatalogue(faulty)).toThrow(
    /Bad-Name[^]*buckets: buckets must be finite and ascending[^]*only a gauge has an aggregate[^]*le cannot name a label[^]*a name ends in its unit, _seconds[^]*3600 series[^]*twice_total belongs to twice/,
  );
});

const sixty = (): string[] => Array.from({ length: 60 }, (_, i) => String(i));

test.each(['', 'c', 'x["a",{}]', 'c["a"]', 'c["a",{"b":1}]', 'g["a",{},"mean"]', 'h["a",{},[1],9]', 'c{'])(
  'the invalid column key %j is not parsed',
  (key) => {
    expect(parseColumn(key)).toBeUndefined();
  },
);

const discovered = defineCatalogue({
  requests: { type: 'counter', help: '', labels: { method: ['GET', 'PUT'], route: 'discovered' } },
  latency: { type: 'histogram', help: '', labels: { route: 'discovered' }, buckets: [1] },
});

test('a metric has at most 2,000 series; later ones share the last, which is reported once', () => {
  const overflowing: string[] = [];
  const registry = new MetricsRegistry(discovered, { onOverflow: (name) => overflowing.push(name) });
  for (let i = 0; i < 2100; i++) {
    registry.counter('requests', { method: 'GET', route: `/${i}` }).add();
    registry.histogram('latency', { route: `/${i}` }).observe(1);
  }
  const { columns, values } = registry.collect();
  const counters = columns.filter((column) => column.startsWith('c'));
  expect(counters).toHaveLength(2000);
  expect(values[columns.indexOf('c["requests",{"method":"overflow","route":"overflow"}]')]).toBe(101);
  expect(values[columns.indexOf('h["latency",{"route":"overflow"},[1],0]')]).toBe(101);
  expect(overflowing.toSorted()).toEqual(['latency', 'requests']);
  // Handles that were bound before keep their own series.
  registry.counter('requests', { method: 'GET', route: '/7' }).add();
  expect(values[columns.indexOf('c["requests",{"method":"GET","route":"/7"}]')]).toBe(1);
  expect(registry.collect().values[columns.indexOf('c["requests",{"method":"GET","route":"/7"}]')]).toBe(2);
});

test('a discovered value of more than 200 characters is refused', () => {
  const registry = new MetricsRegistry<Catalogue>(discovered);
  expect(() => registry.histogram('latency', { route: 'x'.repeat(201) })).toThrow('is too long for a label');
});

test('a collector runs before each collection', () => {
  const registry = new MetricsRegistry(catalogue);
  const active = registry.gauge('active');
  let collections = 0;
  registry.onCollect(() => active.set(++collections));
  registry.collect();
  expect(collected(registry)).toEqual({ 'g["active",{},"max"]': 2 });
});
