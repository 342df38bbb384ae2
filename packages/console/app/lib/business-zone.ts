import { type Me, get, me } from './api.ts';
import { timeZone } from './format.ts';
import type { Page } from './use-list.ts';

/** Times are shown in the zone of the business; whoever sees several businesses sees them in the browser's own. */
export function startBusinessZone(): void {
  me.subscribe((who) => {
    if (!who) return;
    timeZone.value = undefined;
    if (who.role !== 'metrics') void readZone(who);
  });
}

async function readZone(who: Me): Promise<void> {
  try {
    const { items } = await get<Page<{ time_zone: string }>>('api/businesses?limit=2');
    if (me.value === who && items.length === 1) timeZone.value = items[0]?.time_zone;
  } catch {
    // Times are the browser's.
  }
}
