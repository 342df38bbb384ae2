import type { Tried } from './records.ts';

const sources: Readonly<Record<string, string>> = {
  faq: 'An entry answers',
  hours: 'The opening hours answer',
  greeting: 'A greeting',
  'small-talk': 'Small talk',
  'hand-off': 'A person takes over',
  'opt-out': 'The customer wants no more messages',
  'opt-in': 'The customer wants messages again',
  unknown: 'Not understood',
};

/** What the agent makes of a text, in short. */
export function sourceText({ source, offered = [] }: Tried['answer']): string {
  if (source === 'unknown' && offered.length > 0) return 'Not understood: it offers the closest questions';
  return sources[source] ?? source;
}

/** What is no way to ask unless somebody says so: the api leaves it out, too. */
export const isPrivate = (text: string): boolean => /\d[\d\s().-]{4,}\d|@|:\/\//.test(text);

/** Characters that the api takes. */
export const MOST_QUESTION = 300;
export const MOST_ANSWER = 2000;

/** Lines that say something. */
export const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** A question on one line, as it is at first in the form. */
export const asQuestion = (text: string): string =>
  text.replaceAll(/\s+/g, ' ').trim().slice(0, MOST_QUESTION);
