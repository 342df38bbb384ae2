import type { TryResult } from './records.ts';

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

/** Where the agent's answer comes from. */
export function sourceText({ source, offered = [] }: TryResult['answer']): string {
  if (source === 'unknown' && offered.length > 0)
    return 'Not understood: the agent offers the closest questions';
  return sources[source] ?? source;
}

/** Whether a question seems to hold a phone number or an address. Such phrasings are not preselected; the api leaves them out, too. */
export const isPrivate = (text: string): boolean => /\d[\d\s().-]{4,}\d|@|:\/\//.test(text);

/** Limits of the api, in characters. */
export const MAX_QUESTION_LENGTH = 300;
export const MAX_ANSWER_LENGTH = 2000;

/** The lines of a text, trimmed and without empty ones. */
export const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** A question on one line, cut to the limit of the api. */
export const asQuestion = (text: string): string =>
  text.replaceAll(/\s+/g, ' ').trim().slice(0, MAX_QUESTION_LENGTH);
