import { signal } from '@preact/signals';

/** GET /api/agent/unanswered */
export interface UnansweredQuestion {
  id: string;
  business_id: string;
  question: string;
  count: number;
  first_at: string;
  last_at: string;
  examples: {
    text: string;
    language: string | null;
    count: number;
    last_at: string;
    conversation_id: string;
  }[];
}

/** GET /api/agent/entries */
export interface Entry {
  id: string | null;
  source: 'profile' | 'learned';
  question: string;
  answer: string | null;
  also: string[];
  /** False when the entry that it belongs to is no longer in the profile. */
  is_used: boolean;
  person_name: string | null;
  created_at: string | null;
}

/** POST /api/agent/try */
export interface TryResult {
  answer: {
    text: string;
    source: string;
    language?: string;
    handOff?: string;
    entries?: string[];
    offered?: string[];
  };
  score: number;
  threshold: number;
  why: string[];
}

/** Number of changes made on this page. The lists are read again when it changes. */
export const changes = signal(0);
