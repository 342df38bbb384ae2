import type { LabelsOf, MetricDefinition, NamesOf } from '@prosaas/observability';
import type { catalogue } from './catalogue.ts';

type Catalogue = typeof catalogue;
type Labelled<D extends MetricDefinition> = D extends { readonly labels: object }
  ? { readonly labels: LabelsOf<D> }
  : { readonly labels?: undefined };

/** One event that a counter counts, as data: a process that publishes no metrics can send it to one that does. */
export type CountedEvent = {
  [N in NamesOf<Catalogue, 'counter'>]: { readonly metric: N } & Labelled<Catalogue[N]>;
}[NamesOf<Catalogue, 'counter'>];
