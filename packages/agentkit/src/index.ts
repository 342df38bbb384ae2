export {
  type Agent,
  type AgentOptions,
  type AgentStatus,
  type LoadState,
  type Question,
  createAgent,
} from './agent.ts';
export type { Answer, AnswerSource, HistoryEntry } from './answer.ts';
export { AgentConfig, type AgentFields, modelSettings } from './config.ts';
export { questionKey } from './question-key.ts';
export { decodeMulaw, encodeMulaw } from './mulaw.ts';
export type { ModelSettings } from './model/client.ts';
export type { ModelCall, ModelOutcome, ModelStatus } from './model/model-agent.ts';
export { type OpenState, isWithin, openMinutesAgo, openState } from './opening-hours.ts';
export { handOffReply, lateReply, notTextReply } from './replies.ts';
export type { FaqEntry, OpeningHours, Profile, ProfilePerson, Weekday } from './profile/profile.ts';
export { ProfileError, loadProfile, parseProfile } from './profile/read-profile.ts';
export { type LearnedEntry, withLearned } from './profile/learned.ts';
export { profileIn } from './profile/translations.ts';
export {
  type ProfileStatus,
  type ProfileStore,
  type ProfileStoreOptions,
  fixedProfile,
  startProfile,
} from './profile/profile-store.ts';
export { Unspeakable, type Voice, type VoiceStatus, VoiceError, createVoice } from './voice.ts';
export {
  type AgentReport,
  type ModelReport,
  type ProfileReport,
  agentReport,
  modelReport,
  profileReport,
} from './report.ts';
