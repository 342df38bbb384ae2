import type { ChartData } from './chart.tsx';

/** A chart in words: its range and how it moved. */
export function summaryOf({ values }: Pick<ChartData, 'values'>, format: (value: number) => string): string {
  const known = values.filter((value) => value !== null);
  const last = known.at(-1);
  if (last === undefined) return 'Nothing is known yet.';
  const low = Math.min(...known);
  const high = Math.max(...known);
  if (low === high) return `Steady at ${format(last)}.`;
  const gaps = values.length - known.length;
  return `Between ${format(low)} and ${format(high)}, now ${format(last)}.${gaps > 0 ? ` Not known for ${Math.round((100 * gaps) / values.length)} % of the time.` : ''}`;
}
