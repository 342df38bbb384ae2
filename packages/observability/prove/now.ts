/** Milliseconds of the machine's monotonic clock: one clock for all processes, whatever they think the date is. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
