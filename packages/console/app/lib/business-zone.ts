import { get, me } from './api.ts';
import { timeZone } from './format.ts';
import type { Page } from './use-list.ts';

/** Times are shown in the zone of the business; whoever sees several businesses sees them in the browser's own. */
export function startBusinessZone(): void {
  me.subscribe((who) => {
    if (!who) return;
    timeZone.value = undefined;
    if (who.role === 'metrics') return;
    void get<Page<{ time_zone: string }>>('api/businesses?limit=2').then(
      ({ items: [first, second] }) => {
        if (me.value === who && second === undefined) timeZone.value = first?.time_zone;
      },
      // Without it times are the browser's.
      () => {},
    );
  });
}
