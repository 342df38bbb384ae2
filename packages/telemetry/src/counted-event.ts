import type { LabelsOf, NamesOf } from '@prosaas/observability';
import type { catalogue } from './catalogue.ts';

type Catalogue = typeof catalogue;

/** One event that a counter counts, as data: a process that publishes no metrics can send it to one that does. */
export type CountedEvent = {
  [N in NamesOf<Catalogue, 'counter'>]: { readonly metric: N; readonly labels?: LabelsOf<Catalogue[N]> };
}[NamesOf<Catalogue, 'counter'>];
