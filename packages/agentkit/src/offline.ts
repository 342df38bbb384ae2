// Entry point for services that use neither a model nor a voice, which keeps the libraries of both out of their bundles.
export { AgentConfig } from './config.ts';
export { type Explanation, explain } from './explain.ts';
export { mergeSimilar } from './question-key.ts';
export { comparable } from './profile/learned.ts';
export type { Profile } from './profile/profile.ts';
export { type ProfileStore, startProfile } from './profile/profile-store.ts';
export { ProfileError, parseProfile, readProfileText } from './profile/read-profile.ts';
export { prepareLanguages } from './understanding/language-reader.ts';
