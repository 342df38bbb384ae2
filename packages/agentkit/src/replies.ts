import { fillHours, openState } from './opening-hours.ts';
import type { Profile } from './profile/profile.ts';

/**
 * The reply to a customer whom a person will answer. While the business is closed it says when it opens.
 * @param first in place of the profile's hand-off reply
 */
export function handOffReply(profile: Profile, now: Date, first?: string): string {
  const { handOff, hours, timeZone } = profile;
  const { open, next } = openState(hours, timeZone, now);
  if (open || !next) return first ?? handOff.reply;
  if (first === undefined && handOff.closed !== undefined) return fillHours(handOff.closed, profile, now);
  return `${first ?? handOff.reply} ${fillHours(hours.closed, profile, now)}`;
}

/** The reply to something other than text: it has arrived, and a person will look at it. */
export const notTextReply = (profile: Profile, now: Date): string =>
  handOffReply(profile, now, profile.notText?.reply);

/** The reply to a message that arrives long after it was written. */
export const lateReply = (profile: Profile, now: Date): string =>
  handOffReply(profile, now, profile.late?.reply);
