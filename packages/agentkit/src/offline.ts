// For a service that asks no model and speaks nothing: without their libraries.
export { AgentConfig } from './config.ts';
export { type Explanation, explain } from './explain.ts';
export { mergeAlike } from './likeness.ts';
export { comparable } from './profile/learned.ts';
export type { Profile } from './profile/profile.ts';
export { type ProfileStore, startProfile } from './profile/profile-store.ts';
export { ProfileError } from './profile/read-profile.ts';
export { prepareLanguages } from './understanding/language-reader.ts';
