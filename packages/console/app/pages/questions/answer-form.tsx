import { useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Button } from '../../kit/button.tsx';
import { Failed } from '../../kit/empty.tsx';
import { ApiError, api } from '../../lib/api.ts';
import { notify } from '../../lib/notifications.ts';
import type { Page } from '../../lib/use-list.ts';
import { useResource } from '../../lib/use-resource.ts';
import { EntryFields } from './entry-fields.tsx';
import { type Entry, type UnansweredQuestion, type TryResult, changes } from './records.ts';
import { asQuestion, isPrivate } from './text.ts';

const MAX_ENTRIES = 200;

/** Answers a question with a new entry, or links it to an existing one. */
export function AnswerForm({ item, onClose }: { item: UnansweredQuestion; onClose: () => void }) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const isLink = useSignal(false);
  const question = useSignal(asQuestion(item.question));
  const answer = useSignal('');
  const entry = useSignal('');
  const problem = useSignal<string | undefined>(undefined);
  const phrasings = [...new Set(item.examples.map(({ text }) => asQuestion(text)))];
  const chosen = useSignal<readonly string[]>(phrasings.filter((text) => !isPrivate(text)));
  const entriesOf = (source: Entry['source']) =>
    useResource<Page<Entry>>(
      isLink.value ? `api/agent/entries?source=${source}&limit=${MAX_ENTRIES}` : undefined,
    );
  const entries = [entriesOf('profile'), entriesOf('learned')];
  const answers = entries.flatMap(({ data }) => data.value?.items ?? []).filter((one) => one.answer !== null);
  useEffect(() => field.current?.focus(), []);

  const offered = isLink.value ? phrasings : phrasings.filter((text) => text !== question.value.trim());
  const also = offered.filter((text) => chosen.value.includes(text));
  const save = async (): Promise<void> => {
    const text = question.value.trim();
    if (isLink.value ? entry.value === '' : answer.value.trim() === '' || text === '') {
      problem.value = isLink.value ? 'Choose an entry.' : 'Enter a question and an answer.';
      return;
    }
    try {
      const body = isLink.value
        ? { entry: entry.value, also }
        : { question: text, answer: answer.value.trim(), also };
      const created = await api<Entry>('POST', `api/agent/unanswered/${item.id}/answer`, { body });
      onClose();
      changes.value += 1;
      await verify(created, isLink.value ? (also[0] ?? created.question) : text);
    } catch (error) {
      problem.value = error instanceof ApiError ? error.message : String(error);
    }
  };

  return (
    <form
      class="stack answer-form"
      aria-label={`Answer ${item.question}`}
      noValidate
      onInput={() => (problem.value = undefined)}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <fieldset>
        <legend>The agent answers with</legend>
        {[false, true].map((link) => (
          <label class="switch" key={String(link)}>
            <input
              type="radio"
              name={`${id}-kind`}
              checked={isLink.value === link}
              onChange={() => (isLink.value = link)}
            />
            {link ? 'the answer of an existing entry' : 'a new answer'}
          </label>
        ))}
      </fieldset>
      {isLink.value ? (
        <div class="field">
          {entries.map(({ error, reload }, at) => (
            <Failed key={at} error={error.value} onRetry={reload} />
          ))}
          <label for={`${id}-entry`}>Entry</label>
          <select
            id={`${id}-entry`}
            value={entry.value}
            onChange={({ currentTarget }) => (entry.value = currentTarget.value)}
          >
            <option value="">{answers.length === 0 ? 'Loading …' : 'Choose one'}</option>
            {answers.map((one) => (
              <option key={one.question} value={one.question}>
                {one.question}
              </option>
            ))}
          </select>
          {entry.value !== '' && (
            <p class="help breaks" dir="auto">
              {answers.find((one) => one.question === entry.value)?.answer}
            </p>
          )}
        </div>
      ) : (
        <EntryFields question={question} answer={answer} rows={3} first={field} />
      )}
      {offered.length > 0 && (
        <fieldset>
          <legend>Also asked as</legend>
          {offered.map((text) => (
            <label class="switch" key={text}>
              <input
                type="checkbox"
                checked={chosen.value.includes(text)}
                onChange={({ currentTarget }) =>
                  (chosen.value = currentTarget.checked
                    ? [...chosen.value, text]
                    : chosen.value.filter((one) => one !== text))
                }
              />
              <span class="breaks" dir="auto">
                {text}
              </span>
            </label>
          ))}
        </fieldset>
      )}
      {problem.value !== undefined && (
        <p class="fault" role="alert">
          {problem.value}
        </p>
      )}
      <div class="actions">
        <Button kind="primary" onPress={save}>
          Save
        </Button>
        <Button onPress={onClose}>Cancel</Button>
        <span class="help">It applies to all customers within seconds. You can remove it later.</span>
      </div>
    </form>
  );
}

/** Tries the question and shows whether the agent now gives this answer. */
async function verify(created: Entry, text: string): Promise<void> {
  const { answer } = await api<TryResult>('POST', 'api/agent/try', { body: { text } });
  const works = answer.entries?.includes(created.question) === true;
  notify(
    works
      ? `From now on “${text}” is answered.`
      : `Saved, but “${text}” still gets another answer: try it below.`,
    { isError: !works },
  );
}
