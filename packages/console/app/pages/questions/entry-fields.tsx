import type { Signal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { Ref } from 'preact';
import { MAX_ANSWER_LENGTH, MAX_QUESTION_LENGTH } from './text.ts';

/** The fields for the question and the answer of an entry. */
export function EntryFields({
  question,
  answer,
  rows,
  first,
}: {
  question: Signal<string>;
  answer: Signal<string>;
  /** Visible lines of the answer. */
  rows: number;
  first?: Ref<HTMLInputElement>;
}) {
  const id = useId();
  return (
    <>
      <div class="field">
        <label for={`${id}-question`}>Question</label>
        <input
          {...(first && { ref: first })}
          id={`${id}-question`}
          dir="auto"
          maxLength={MAX_QUESTION_LENGTH}
          value={question.value}
          onInput={({ currentTarget }) => (question.value = currentTarget.value)}
        />
      </div>
      <div class="field">
        <label for={`${id}-answer`}>Answer</label>
        <textarea
          id={`${id}-answer`}
          dir="auto"
          rows={rows}
          maxLength={MAX_ANSWER_LENGTH}
          value={answer.value}
          onInput={({ currentTarget }) => (answer.value = currentTarget.value)}
        />
      </div>
    </>
  );
}
