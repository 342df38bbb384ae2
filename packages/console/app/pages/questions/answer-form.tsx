import { useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Button } from '../../kit/button.tsx';
import { Failed } from '../../kit/empty.tsx';
import { ApiError, api } from '../../lib/api.ts';
import { notify } from '../../lib/say.ts';
import type { Page } from '../../lib/use-list.ts';
import { useResource } from '../../lib/use-resource.ts';
import { EntryFields } from './entry-fields.tsx';
import { type Entry, type Missed, type Tried, changes } from './records.ts';
import { asQuestion, isPrivate } from './words.ts';

const MOST_ENTRIES = 200;

/** What is to be said to a question: an answer of its own, or that of an entry. */
export function AnswerForm({ missed, onClose }: { missed: Missed; onClose: () => void }) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const isLink = useSignal(false);
  const question = useSignal(asQuestion(missed.question));
  const answer = useSignal('');
  const entry = useSignal('');
  const problem = useSignal<string | undefined>(undefined);
  const ways = [...new Set(missed.examples.map(({ text }) => asQuestion(text)))];
  const chosen = useSignal<readonly string[]>(ways.filter((way) => !isPrivate(way)));
  const entriesOf = (source: Entry['source']) =>
    useResource<Page<Entry>>(
      isLink.value ? `api/agent/entries?source=${source}&limit=${MOST_ENTRIES}` : undefined,
    );
  const entries = [entriesOf('profile'), entriesOf('learned')];
  const answers = entries.flatMap(({ data }) => data.value?.items ?? []).filter((one) => one.answer !== null);
  useEffect(() => field.current?.focus(), []);

  const offered = isLink.value ? ways : ways.filter((way) => way !== question.value.trim());
  const also = offered.filter((way) => chosen.value.includes(way));
  const save = async (): Promise<void> => {
    const asked = question.value.trim();
    if (isLink.value ? entry.value === '' : answer.value.trim() === '' || asked === '') {
      problem.value = isLink.value ? 'Choose an entry.' : 'It needs a question and an answer.';
      return;
    }
    try {
      const body = isLink.value
        ? { entry: entry.value, also }
        : { question: asked, answer: answer.value.trim(), also };
      const made = await api<Entry>('POST', `api/agent/unanswered/${missed.id}/answer`, { body });
      onClose();
      changes.value += 1;
      await tell(made, isLink.value ? (also[0] ?? made.question) : asked);
    } catch (error) {
      problem.value = error instanceof ApiError ? error.message : String(error);
    }
  };

  return (
    <form
      class="stack answer-form"
      aria-label={`Answer ${missed.question}`}
      noValidate
      onInput={() => (problem.value = undefined)}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <fieldset>
        <legend>The agent is to say</legend>
        {[false, true].map((link) => (
          <label class="switch" key={String(link)}>
            <input
              type="radio"
              name={`${id}-kind`}
              checked={isLink.value === link}
              onChange={() => (isLink.value = link)}
            />
            {link ? 'the answer of an entry' : 'a new answer'}
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
          <legend>Asked the same with</legend>
          {offered.map((way) => (
            <label class="switch" key={way}>
              <input
                type="checkbox"
                checked={chosen.value.includes(way)}
                onChange={({ currentTarget }) =>
                  (chosen.value = currentTarget.checked
                    ? [...chosen.value, way]
                    : chosen.value.filter((one) => one !== way))
                }
              />
              <span class="breaks" dir="auto">
                {way}
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
        <span class="help">It counts for all customers within seconds, and can be taken back.</span>
      </div>
    </form>
  );
}

/** Asks what a customer would get now, and says so. */
async function tell(made: Entry, text: string): Promise<void> {
  const { answer } = await api<Tried>('POST', 'api/agent/try', { body: { text } });
  const works = answer.entries?.includes(made.question) === true;
  notify(
    works
      ? `From now on “${text}” is answered.`
      : `It is learned, but “${text}” gets another answer still: try it below.`,
    { isError: !works },
  );
}
