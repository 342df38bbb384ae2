import { fillHours, openState } from './opening-hours.ts';
import type { Profile } from './profile/profile.ts';

/** What a customer is told whom a person will answer: what happens next, by the opening hours. */
export function handOffReply(profile: Profile, now: Date, first?: string): string {
  const { handOff, hours, timeZone } = profile;
  const { open, next } = openState(hours, timeZone, now);
  if (open || !next) return first ?? handOff.reply;
  if (first === undefined && handOff.closed !== undefined) return fillHours(handOff.closed, profile, now);
  return `${first ?? handOff.reply} ${fillHours(hours.closed, profile, now)}`;
}

/** Something other than text came: that it has arrived, and that a person will look. */
export const notTextReply = (profile: Profile, now: Date): string =>
  handOffReply(profile, now, profile.notText?.reply);

/** A message came long after it was written. */
export const lateReply = (profile: Profile, now: Date): string =>
  handOffReply(profile, now, profile.late?.reply);
