import type { Profile } from '../profile/profile.ts';

/** A text of a profile. */
export interface ProfileText {
  text: string;
  /** How customers say it: a question, another form of one, or a word. The business promises nothing in it. */
  isAsked: boolean;
  /** An answer whose question this is. */
  answers?: string;
}

const asked = new Set(['question', 'questions', 'also', 'words', 'greetings', 'complaints']);

/** Every text of a profile, in all its languages. */
export function stringsOf(profile: Profile): ProfileText[] {
  const found: ProfileText[] = [];
  const walk = (value: unknown, isAsked: boolean): void => {
    if (typeof value === 'string') found.push({ text: value, isAsked });
    else if (Array.isArray(value)) for (const item of value) walk(item, isAsked);
    else if (typeof value === 'object' && value !== null) {
      const { question, answer } = value as Record<string, unknown>;
      for (const [key, item] of Object.entries(value)) {
        if (key === 'answer' && typeof answer === 'string' && typeof question === 'string')
          found.push({ text: answer, isAsked: false, answers: question });
        else walk(item, isAsked || asked.has(key));
        // Dates stand as keys: `openOn`.
        if (/^\d{4}-\d{2}-\d{2}$/.test(key)) found.push({ text: key, isAsked });
      }
    }
  };
  walk(profile, false);
  return found;
}
