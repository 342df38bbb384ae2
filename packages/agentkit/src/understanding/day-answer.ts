import { describeWeek, hoursOn } from '../opening-hours.ts';
import type { Profile } from '../profile/profile.ts';
import { fillTemplate, formatDay } from '../template.ts';
import type { Language } from './language.ts';

/** Says when the business is open on a local date, with the profile's template or that of its language. */
export function dayAnswer(profile: Profile, language: Language, date: string): string {
  const { hours } = profile;
  const ranges = hoursOn(hours, date);
  const template =
    ranges.length > 0
      ? (hours.onDay?.open ?? language.texts.openDay)
      : (hours.onDay?.closed ?? language.texts.closedDay);
  return fillTemplate(template, {
    day: formatDay(date, profile.language),
    hours: ranges.join(', '),
    week: describeWeek(hours, profile.language),
  });
}
