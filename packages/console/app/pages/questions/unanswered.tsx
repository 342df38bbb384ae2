import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { Button } from '../../kit/button.tsx';
import { Empty } from '../../kit/empty.tsx';
import { ListView } from '../../kit/list-view.tsx';
import { Ago } from '../../kit/time.tsx';
import { api, withQuery } from '../../lib/api.ts';
import { countText } from '../../lib/format.ts';
import { liveValue } from '../../lib/live.ts';
import { href, location, setQuery } from '../../lib/router.ts';
import { notify } from '../../lib/notifications.ts';
import { useList } from '../../lib/use-list.ts';
import { AnswerForm } from './answer-form.tsx';
import { type UnansweredQuestion, changes } from './records.ts';

const MAX_EXAMPLES = 5;

/** Questions that the agent did not understand, most frequent first, or those that somebody has dismissed. */
export function UnansweredList() {
  const isDismissed = location.value.query.get('state') === 'dismissed';
  const answering = useSignal<string | undefined>(undefined);
  // New questions must not move the form while somebody is writing in it.
  const seen = useRef<string | undefined>(undefined);
  if (answering.value === undefined) seen.current = liveValue('chats')?.last_message;
  const list = useList<UnansweredQuestion>(
    withQuery('api/agent/unanswered', { state: isDismissed ? 'dismissed' : '' }),
    {
      keyOf: ({ id }) => id,
      version: `${seen.current} ${changes.value}`,
    },
  );
  return (
    <section class="stack-tight" aria-labelledby="unanswered">
      <div class="row spread">
        <h2 id="unanswered">{isDismissed ? 'Dismissed' : 'Not understood'}</h2>
        <Button onPress={() => setQuery({ state: isDismissed ? undefined : 'dismissed' })}>
          {isDismissed ? 'Show open questions' : 'Show dismissed questions'}
        </Button>
      </div>
      <ListView
        list={list}
        label={isDismissed ? 'Dismissed questions' : 'Questions that were not understood'}
        keyOf={({ id }) => id}
        row={(item) => (
          <Row
            item={item}
            isDismissed={isDismissed}
            isAnswering={answering.value === item.id}
            onAnswer={(isOpen) => (answering.value = isOpen ? item.id : undefined)}
          />
        )}
        empty={
          isDismissed ? (
            <Empty title="Nothing was dismissed" />
          ) : (
            <Empty title="Everything was understood">
              <p>Questions that the agent does not understand are listed here, most frequent first.</p>
            </Empty>
          )
        }
      />
    </section>
  );
}

function Row({
  item,
  isDismissed,
  isAnswering,
  onAnswer,
}: {
  item: UnansweredQuestion;
  isDismissed: boolean;
  isAnswering: boolean;
  onAnswer: (isOpen: boolean) => void;
}) {
  const { id, question, count, last_at: last, examples } = item;
  const post = async (path: 'dismiss' | 'reopen', done: string): Promise<void> => {
    await api('POST', `api/agent/unanswered/${id}/${path}`);
    changes.value += 1;
    notify(done);
  };
  const [first, ...others] = examples;
  return (
    <div class="stack-tight">
      <div class="row spread">
        <div class="grows">
          <h3 class="breaks" dir="auto">
            {question}
          </h3>
          <div class="help">
            asked {countText(count, 'time')}, last <Ago time={last} />
            {first && (
              <>
                {', '}
                <a href={href(['conversations', first.conversation_id])}>in this chat</a>
              </>
            )}
          </div>
        </div>
        {!isAnswering && (
          <div class="actions">
            <Button kind="primary" label={`Answer: ${question}`} onPress={() => onAnswer(true)}>
              Answer
            </Button>
            {isDismissed ? (
              <Button label={`Reopen: ${question}`} onPress={() => post('reopen', 'Reopened')}>
                Reopen
              </Button>
            ) : (
              <Button
                label={`Dismiss: ${question}`}
                onPress={() => post('dismiss', 'Dismissed: it stays hidden when it is asked again')}
              >
                Dismiss
              </Button>
            )}
          </div>
        )}
      </div>
      {others.length > 0 && !isAnswering && (
        <ul class="ways" aria-label={`Also asked as: ${question}`}>
          {others.slice(0, MAX_EXAMPLES).map(({ text, count: times }) => (
            <li key={text} class="breaks">
              <span dir="auto">{text}</span>
              {times > 1 && <span class="quiet"> {countText(times, 'time')}</span>}
            </li>
          ))}
          {others.length > MAX_EXAMPLES && <li class="quiet">and {others.length - MAX_EXAMPLES} more</li>}
        </ul>
      )}
      {isAnswering && <AnswerForm item={item} onClose={() => onAnswer(false)} />}
    </div>
  );
}
