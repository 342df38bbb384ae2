import type { Profile } from './profile.ts';

/** The profile in a language, or in its own where it has no such translation. */
export const profileIn = (profile: Profile, language: string | undefined): Profile =>
  (language === undefined ? undefined : profile.translations?.[language]) ?? profile;
