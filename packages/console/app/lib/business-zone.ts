import { type Me, get, me } from './api.ts';
import { timeZone } from './format.ts';
import type { Page } from './use-list.ts';

/** Shows times in the time zone of the business, or in the browser's own for people who see several businesses. */
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
    // The browser's time zone is used.
  }
}
