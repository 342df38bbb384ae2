import { MAX_PHRASINGS } from '@prosaas/database';
import { Type } from 'typebox';
import { MAX_QUESTION_LENGTH } from '../learning/entries.ts';
import { NullableText, NullableTime } from './resource.ts';

/** The limit of texts in a profile. */
const MAX_ANSWER_LENGTH = 2000;

export const Entry = Type.Object({
  id: NullableText,
  source: Type.Unsafe<'profile' | 'learned'>({ type: 'string' }),
  business_id: NullableText,
  question: Type.String(),
  answer: NullableText,
  also: Type.Array(Type.String()),
  is_used: Type.Boolean(),
  person_id: NullableText,
  person_name: NullableText,
  created_at: NullableTime,
});
/** One line, not blank. */
export const QuestionText = Type.String({
  minLength: 1,
  maxLength: MAX_QUESTION_LENGTH,
  pattern: '^[^\\u0000-\\u001f\\u007f]*[^\\s\\u0000-\\u001f\\u007f][^\\u0000-\\u001f\\u007f]*$',
});
export const Answer = Type.String({ minLength: 1, maxLength: MAX_ANSWER_LENGTH, pattern: '\\S' });
export const Phrasings = Type.Array(QuestionText, { maxItems: MAX_PHRASINGS });

export const Id = Type.Object({ id: Type.String() });
