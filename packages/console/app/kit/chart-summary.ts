/** Describes a chart in words for a screen reader: its range and its last value. */
export function summaryOf(values: readonly (number | null)[], format: (value: number) => string): string {
  const known = values.filter((value) => value !== null);
  const last = known.at(-1);
  if (last === undefined) return 'No data yet.';
  const low = Math.min(...known);
  const high = Math.max(...known);
  if (low === high) return `Steady at ${format(last)}.`;
  const gaps = values.length - known.length;
  return `Between ${format(low)} and ${format(high)}, now ${format(last)}.${gaps > 0 ? ` No data for ${Math.round((100 * gaps) / values.length)} % of the time.` : ''}`;
}
