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
import { notify } from '../../lib/say.ts';
import { useList } from '../../lib/use-list.ts';
import { AnswerForm } from './answer-form.tsx';
import { type Missed, changes } from './records.ts';

const SHOWN_EXAMPLES = 5;

/** What customers asked and the agent did not understand, the most frequent first; or what somebody put away of it. */
export function MissedList() {
  const isDismissed = location.value.query.get('state') === 'dismissed';
  const answering = useSignal<string | undefined>(undefined);
  // What comes meanwhile must not move the form that somebody writes in.
  const seen = useRef<string | undefined>(undefined);
  if (answering.value === undefined) seen.current = liveValue('chats')?.last_message;
  const list = useList<Missed>(withQuery('api/agent/unanswered', { state: isDismissed ? 'dismissed' : '' }), {
    keyOf: ({ id }) => id,
    version: `${seen.current} ${changes.value}`,
  });
  return (
    <section class="stack-tight" aria-labelledby="missed">
      <div class="row spread">
        <h2 id="missed">{isDismissed ? 'Put away' : 'Not understood'}</h2>
        <Button onPress={() => setQuery({ state: isDismissed ? undefined : 'dismissed' })}>
          {isDismissed ? 'Show what is not understood' : 'Show what was put away'}
        </Button>
      </div>
      <ListView
        list={list}
        label={isDismissed ? 'Questions that were put away' : 'Questions that were not understood'}
        keyOf={({ id }) => id}
        row={(missed) => (
          <Row
            missed={missed}
            isDismissed={isDismissed}
            isAnswering={answering.value === missed.id}
            onAnswer={(isOpen) => (answering.value = isOpen ? missed.id : undefined)}
          />
        )}
        empty={
          isDismissed ? (
            <Empty title="Nothing was put away" />
          ) : (
            <Empty title="Everything was understood">
              <p>
                What customers ask and the agent does not understand stands here, the most frequent first.
              </p>
            </Empty>
          )
        }
      />
    </section>
  );
}

function Row({
  missed,
  isDismissed,
  isAnswering,
  onAnswer,
}: {
  missed: Missed;
  isDismissed: boolean;
  isAnswering: boolean;
  onAnswer: (isOpen: boolean) => void;
}) {
  const { id, question, count, last_at: last, examples } = missed;
  const put = async (path: 'dismiss' | 'reopen', done: string): Promise<void> => {
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
              <Button label={`Open again: ${question}`} onPress={() => put('reopen', 'It stands open again')}>
                Open again
              </Button>
            ) : (
              <Button
                label={`Put away: ${question}`}
                onPress={() => put('dismiss', 'Put away: it stays away when it is asked again')}
              >
                Put away
              </Button>
            )}
          </div>
        )}
      </div>
      {others.length > 0 && !isAnswering && (
        <ul class="ways" aria-label={`Also asked as: ${question}`}>
          {others.slice(0, SHOWN_EXAMPLES).map(({ text, count: times }) => (
            <li key={text} class="breaks">
              <span dir="auto">{text}</span>
              {times > 1 && <span class="quiet"> {countText(times, 'time')}</span>}
            </li>
          ))}
          {others.length > SHOWN_EXAMPLES && <li class="quiet">and {others.length - SHOWN_EXAMPLES} more</li>}
        </ul>
      )}
      {isAnswering && <AnswerForm missed={missed} onClose={() => onAnswer(false)} />}
    </div>
  );
}
