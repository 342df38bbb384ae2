import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { Button } from '../../kit/button.tsx';
import { ApiError, api } from '../../lib/api.ts';
import { type Tried } from './records.ts';
import { sourceText } from './words.ts';

const MOST_TEXT = 4096;
const scoreText = (score: number): string => score.toFixed(2);

/** What the agent would answer now. */
export function TryText() {
  const id = useId();
  const text = useSignal('');
  const tried = useSignal<Tried | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  const ask = async (): Promise<void> => {
    if (text.value.trim() === '') return;
    try {
      tried.value = await api<Tried>('POST', 'api/agent/try', { body: { text: text.value } });
      problem.value = undefined;
    } catch (error) {
      tried.value = undefined;
      problem.value = error instanceof ApiError ? error.message : String(error);
    }
  };
  return (
    <section class="stack-tight" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Try it</h2>
      <form
        class="row try-form"
        aria-label="Try a text"
        onSubmit={(event) => {
          event.preventDefault();
          void ask();
        }}
      >
        <label for={`${id}-text`}>A customer writes</label>
        <input
          id={`${id}-text`}
          class="grows"
          dir="auto"
          maxLength={MOST_TEXT}
          value={text.value}
          onInput={({ currentTarget }) => (text.value = currentTarget.value)}
        />
        <Button onPress={ask}>Try</Button>
      </form>
      {problem.value !== undefined && (
        <p class="fault" role="alert">
          {problem.value}
        </p>
      )}
      {tried.value && <Result tried={tried.value} />}
      <p class="help">By the profile and what was learned, without a model. Nothing is sent.</p>
    </section>
  );
}

function Result({ tried: { answer, score, threshold, why } }: { tried: Tried }) {
  return (
    <div class="card stack-tight" role="status" aria-label="What the agent says">
      <p class="tried-text breaks" dir="auto">
        {answer.text === '' ? 'Nothing' : answer.text}
      </p>
      <p>
        {sourceText(answer)}
        {answer.entries?.map((entry) => (
          <span key={entry} class="breaks">
            : <q dir="auto">{entry}</q>
          </span>
        ))}
        <span class="quiet">
          {' '}
          score {scoreText(score)}, an answer needs {scoreText(threshold)}
        </span>
      </p>
      <ul class="ways" aria-label="Why">
        {why.map((sentence) => (
          <li key={sentence} class="breaks" dir="auto">
            {sentence}
          </li>
        ))}
      </ul>
    </div>
  );
}
