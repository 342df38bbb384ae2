import type { Signal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { Ref } from 'preact';
import { MOST_ANSWER, MOST_QUESTION } from './words.ts';

/** The question and the answer of an entry, to be written. */
export function EntryFields({
  question,
  answer,
  rows,
  first,
}: {
  question: Signal<string>;
  answer: Signal<string>;
  /** Lines of the answer that are seen at once. */
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
          maxLength={MOST_QUESTION}
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
          maxLength={MOST_ANSWER}
          value={answer.value}
          onInput={({ currentTarget }) => (answer.value = currentTarget.value)}
        />
      </div>
    </>
  );
}
