import { type Catalogue, defineCatalogue } from '../src/index.ts';

export const PREFIX = '{prove}:metrics';
export const SERVICE = 'prove';
export const PROCESSES: readonly string[] = Array.from({ length: 600 }, (_, i) => `p${i}`);

const who = { who: PROCESSES };

/** Two versions of one program. The second has other buckets and one more counter. */
export const CATALOGUES: readonly Catalogue[] = [
  defineCatalogue({
    jobs: { type: 'counter', help: 'Counted by one process.', labels: who },
    sizes: { type: 'histogram', help: 'Steps by which it counted.', labels: who, buckets: [1, 2, 4] },
    alive: { type: 'gauge', help: 'One for each process.', labels: who },
  }),
  defineCatalogue({
    alive: { type: 'gauge', help: 'One for each process.', labels: who },
    sizes: { type: 'histogram', help: 'Steps by which it counted.', labels: who, buckets: [1, 3, 9] },
    jobs: { type: 'counter', help: 'Counted by one process.', labels: who },
    extras: { type: 'counter', help: 'Bound a while after the start.', labels: who },
  }),
];

/** The series of a process that are verified; `sizes` is the count of the histogram. */
export const SERIES = ['jobs', 'extras', 'sizes'] as const;
