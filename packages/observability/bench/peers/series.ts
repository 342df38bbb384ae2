import prom from 'prom-client';
import { MetricsRegistry, TextRenderer, defineCatalogue } from '../../src/index.ts';
import type { Catalogue } from '../../src/index.ts';

/** Counters with two labels in metrics of 2,000 series, the same for each peer. */
const PER_METRIC = 2000;

export interface SeriesSet {
  /** Counts on in one of the series. */
  step(index: number): void;
  render(): Promise<number>;
}

export const makers: Readonly<Record<string, (count: number) => SeriesSet>> = {
  prosaas: (count) => {
    const catalogue: Record<string, Catalogue[string]> = {};
    for (let metric = 0; metric * PER_METRIC < count; metric++) {
      catalogue[`metric_${metric}`] = {
        type: 'counter',
        help: `Metric ${metric}`,
        labels: { queue: 'discovered', result: ['ok', 'bad'] },
      };
    }
    const registry = new MetricsRegistry(defineCatalogue(catalogue));
    const handles = Array.from({ length: count }, (_, i) =>
      registry.counter(`metric_${Math.floor(i / PER_METRIC)}`, labelsOf(i)),
    );
    const renderer = new TextRenderer({ catalogue });
    return {
      step: (index) => handles[index]!.add(1 + (index % 1009)),
      async render() {
        let length = 0;
        for await (const piece of renderer.pieces(registry.collect())) length += piece.length;
        return length;
      },
    };
  },
  'prom-client': (count) => {
    const registers = [new prom.Registry()];
    const counters: prom.Counter[] = [];
    const children = Array.from({ length: count }, (_, i) => {
      const metric = Math.floor(i / PER_METRIC);
      counters[metric] ??= new prom.Counter({
        name: `metric_${metric}_total`,
        help: `Metric ${metric}`,
        labelNames: ['queue', 'result'],
        registers,
      });
      return counters[metric].labels(labelsOf(i));
    });
    for (const child of children) child.inc(0);
    return {
      step: (index) => children[index]!.inc(1 + (index % 1009)),
      render: async () => (await registers[0]!.metrics()).length,
    };
  },
};

function labelsOf(i: number): { queue: string; result: 'ok' | 'bad' } {
  return { queue: `queue_${Math.floor((i % PER_METRIC) / 2)}`, result: i % 2 === 0 ? 'ok' : 'bad' };
}
