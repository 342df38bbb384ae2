import { useSignal } from '@preact/signals';
import { Button } from '../../kit/button.tsx';
import { Confirm } from '../../kit/dialog.tsx';
import { Empty } from '../../kit/empty.tsx';
import { ListView } from '../../kit/list-view.tsx';
import { Ago } from '../../kit/time.tsx';
import { api } from '../../lib/api.ts';
import { notify } from '../../lib/say.ts';
import { useList } from '../../lib/use-list.ts';
import { type Entry, changes } from './records.ts';

/** What people taught the agent, the latest first; each can be taken back. */
export function LearnedList() {
  const asked = useSignal<Entry | undefined>(undefined);
  const list = useList<Entry>('api/agent/entries?source=learned', {
    keyOf: ({ id }) => id ?? '',
    version: changes.value,
  });
  return (
    <section class="stack-tight" aria-labelledby="learned">
      <h2 id="learned">Learned</h2>
      <ListView
        list={list}
        label="Learned entries"
        keyOf={({ id }) => id ?? ''}
        row={(entry) => <Row entry={entry} onTakeBack={() => (asked.value = entry)} />}
        empty={
          <Empty title="Nothing is learned yet">
            <p>What you answer above is added to the profile, and counts within seconds.</p>
          </Empty>
        }
      />
      {asked.value && <TakeBack entry={asked.value} onClose={() => (asked.value = undefined)} />}
    </section>
  );
}

function Row({ entry, onTakeBack }: { entry: Entry; onTakeBack: () => void }) {
  const { question, answer, also, person_name: person, created_at: at } = entry;
  return (
    <div class="row spread">
      <div class="grows">
        {answer === null ? (
          <>
            <h3 class="breaks" dir="auto">
              {also.join(' / ')}
            </h3>
            <div class="breaks">
              asks the same as <q dir="auto">{question}</q>
            </div>
          </>
        ) : (
          <>
            <h3 class="breaks" dir="auto">
              {question}
            </h3>
            <div class="breaks" dir="auto">
              {answer}
            </div>
            {also.length > 0 && (
              <div class="help breaks" dir="auto">
                also: {also.join(' / ')}
              </div>
            )}
          </>
        )}
        <div class="help">
          {at !== null && <Ago time={at} />}
          {person !== null && (
            <>
              {' '}
              by <bdi>{person}</bdi>
            </>
          )}
        </div>
      </div>
      <Button label={`Take back: ${question}`} onPress={onTakeBack}>
        Take back…
      </Button>
    </div>
  );
}

function TakeBack({ entry: { id, question, answer }, onClose }: { entry: Entry; onClose: () => void }) {
  return (
    <Confirm
      title="Take it back?"
      yes="Take back"
      onYes={async () => {
        await api('DELETE', `api/agent/entries/${id}`);
        changes.value += 1;
        notify('Taken back: its questions stand open again');
      }}
      onClose={onClose}
    >
      <p class="breaks">
        The agent forgets {answer === null ? 'these ways to ask' : 'this answer'}:{' '}
        <q dir="auto">{question}</q>. The questions that led to it stand under “Not understood” again.
      </p>
    </Confirm>
  );
}
