import type { Profile } from '../profile/profile.ts';

/** A text of a profile. */
export interface ProfileText {
  text: string;
  /** It is the wording of customers (a question, a form of it, or a trigger word), so the business promises nothing in it. */
  isCustomerWording: boolean;
  /** The question, if the text is an answer. */
  answers?: string;
}

const customerKeys = new Set(['question', 'questions', 'also', 'words', 'greetings', 'complaints']);

/** Every text of a profile, in all its languages. */
export function stringsOf(profile: Profile): ProfileText[] {
  const found: ProfileText[] = [];
  const walk = (value: unknown, isCustomerWording: boolean): void => {
    if (typeof value === 'string') found.push({ text: value, isCustomerWording });
    else if (Array.isArray(value)) for (const item of value) walk(item, isCustomerWording);
    else if (typeof value === 'object' && value !== null) {
      const { question, answer } = value as Record<string, unknown>;
      for (const [key, item] of Object.entries(value)) {
        if (key === 'answer' && typeof answer === 'string' && typeof question === 'string')
          found.push({ text: answer, isCustomerWording: false, answers: question });
        else walk(item, isCustomerWording || customerKeys.has(key));
        // The dates of `openOn` are keys.
        if (/^\d{4}-\d{2}-\d{2}$/.test(key)) found.push({ text: key, isCustomerWording });
      }
    }
  };
  walk(profile, false);
  return found;
}
