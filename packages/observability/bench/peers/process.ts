import { type Peers } from '@prosaas/devstack/bench';
import prom from 'prom-client';
import {
  MetricsRegistry,
  TextRenderer,
  defineCatalogue,
  instrumentProcess,
  processMetrics,
} from '../../src/index.ts';

/** One scrape of what each peer measures of its process. */
export const peers: Peers['peers'] = {
  prosaas: () => {
    const catalogue = defineCatalogue(processMetrics());
    const registry = new MetricsRegistry(catalogue);
    instrumentProcess({ registry });
    const renderer = new TextRenderer({ catalogue });
    return async (times) => {
      for (let i = 0; i < times; i++) await renderer.render(registry.collect());
    };
  },
  'prom-client': () => {
    const register = new prom.Registry();
    prom.collectDefaultMetrics({ register });
    return async (times) => {
      for (let i = 0; i < times; i++) await register.metrics();
    };
  },
};
