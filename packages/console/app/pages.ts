import type { PageDefinition } from './lib/page.ts';

/** Every file in pages/ that exports `page`. */
export const pages: readonly PageDefinition[] = Object.values(
  import.meta.glob<PageDefinition | undefined>('./pages/*.tsx', { eager: true, import: 'page' }),
)
  .filter((page) => page !== undefined)
  .toSorted((a, b) => a.order - b.order);
