import { signal } from '@preact/signals';

/** GET /api/agent/unanswered */
export interface Missed {
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
  /** False: the entry that it adds to is gone from the profile. */
  is_used: boolean;
  person_name: string | null;
  created_at: string | null;
}

/** POST /api/agent/try */
export interface Tried {
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

/** Counts what was changed here: the lists read themselves again. */
export const changes = signal(0);
