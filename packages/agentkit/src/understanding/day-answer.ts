import { atNoon } from '../local-date.ts';
import { describeWeek, hoursOn } from '../opening-hours.ts';
import type { Profile } from '../profile/profile.ts';
import type { Language } from './language.ts';

/** When the business is open on one local day, in the profile's words or its language's. */
export function dayAnswer(profile: Profile, language: Language, date: string): string {
  const { hours } = profile;
  const stretches = hoursOn(hours, date);
  const day = new Intl.DateTimeFormat(profile.language, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    timeZone: 'UTC',
  }).format(atNoon(date));
  const values: Record<string, string> = {
    day,
    hours: stretches.join(', '),
    week: describeWeek(hours, profile.language),
  };
  const template =
    stretches.length > 0
      ? (hours.onDay?.open ?? language.texts.openDay)
      : (hours.onDay?.closed ?? language.texts.closedDay);
  return template.replaceAll(/\{(\w+)\}/g, (whole, key: string) => values[key] ?? whole);
}
