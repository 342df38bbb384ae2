export type CallbackHabit = 'normal' | 'twice' | 'late' | 'out-of-order' | 'never';

/** Order and number of the status callbacks of a call. `late` holds the last one back. */
export function arrangeCallbacks(
  habit: CallbackHabit,
  statuses: readonly string[],
): { now: readonly string[]; late: readonly string[] } {
  switch (habit) {
    case 'normal':
      return { now: statuses, late: [] };
    case 'twice':
      return { now: statuses.flatMap((status) => [status, status]), late: [] };
    case 'late':
      return { now: statuses.slice(0, -1), late: statuses.slice(-1) };
    case 'out-of-order':
      return { now: statuses.toReversed(), late: [] };
    case 'never':
      return { now: [], late: [] };
  }
}
