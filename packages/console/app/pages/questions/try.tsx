import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { Button } from '../../kit/button.tsx';
import { ApiError, api } from '../../lib/api.ts';
import { type TryResult } from './records.ts';
import { sourceText } from './text.ts';

const MAX_LENGTH = 4096;
const scoreText = (score: number): string => score.toFixed(2);

/** Shows what the agent would answer to a text. */
export function TryText() {
  const id = useId();
  const text = useSignal('');
  const tried = useSignal<TryResult | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  const tryText = async (): Promise<void> => {
    if (text.value.trim() === '') return;
    try {
      tried.value = await api<TryResult>('POST', 'api/agent/try', { body: { text: text.value } });
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
          void tryText();
        }}
      >
        <label for={`${id}-text`}>A customer writes</label>
        <input
          id={`${id}-text`}
          class="grows"
          dir="auto"
          maxLength={MAX_LENGTH}
          value={text.value}
          onInput={({ currentTarget }) => (text.value = currentTarget.value)}
        />
        <Button onPress={tryText}>Try</Button>
      </form>
      {problem.value !== undefined && (
        <p class="fault" role="alert">
          {problem.value}
        </p>
      )}
      {tried.value && <Result tried={tried.value} />}
      <p class="help">Uses the profile and the learned entries, without a language model. Nothing is sent.</p>
    </section>
  );
}

function Result({ tried: { answer, score, threshold, why } }: { tried: TryResult }) {
  return (
    <div class="card stack-tight" role="status" aria-label="What the agent says">
      <p class="tried-text breaks" dir="auto">
        {answer.text === '' ? 'No answer' : answer.text}
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
