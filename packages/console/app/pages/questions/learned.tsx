import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { Button } from '../../kit/button.tsx';
import { Confirm, Dialog } from '../../kit/dialog.tsx';
import { Empty } from '../../kit/empty.tsx';
import { ListView } from '../../kit/list-view.tsx';
import { Ago } from '../../kit/time.tsx';
import { ApiError, api } from '../../lib/api.ts';
import { notify } from '../../lib/say.ts';
import { useList } from '../../lib/use-list.ts';
import { EntryFields } from './entry-fields.tsx';
import { type Entry, changes } from './records.ts';
import { linesOf } from './words.ts';

/** What people taught the agent, the latest first; each can be taken back. */
export function LearnedList() {
  const asked = useSignal<Entry | undefined>(undefined);
  const edited = useSignal<Entry | undefined>(undefined);
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
        row={(entry) => (
          <Row
            entry={entry}
            onChange={() => (edited.value = entry)}
            onTakeBack={() => (asked.value = entry)}
          />
        )}
        empty={
          <Empty title="Nothing is learned yet">
            <p>What you answer above is added to the profile, and counts within seconds.</p>
          </Empty>
        }
      />
      {edited.value && <Change entry={edited.value} onClose={() => (edited.value = undefined)} />}
      {asked.value && <TakeBack entry={asked.value} onClose={() => (asked.value = undefined)} />}
    </section>
  );
}

function Row({
  entry,
  onChange,
  onTakeBack,
}: {
  entry: Entry;
  onChange: () => void;
  onTakeBack: () => void;
}) {
  const { question, answer, also, is_used: isUsed, person_name: person, created_at: at } = entry;
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
            {!isUsed && (
              <p class="help">
                The profile has no such entry any more: this is not used. Take it back, and answer the
                question anew.
              </p>
            )}
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
      <div class="actions">
        <Button label={`Change: ${question}`} onPress={onChange}>
          Change…
        </Button>
        <Button label={`Take back: ${question}`} onPress={onTakeBack}>
          Take back…
        </Button>
      </div>
    </div>
  );
}

function Change({ entry, onClose }: { entry: Entry; onClose: () => void }) {
  const id = useId();
  const question = useSignal(entry.question);
  const answer = useSignal(entry.answer ?? '');
  const also = useSignal(entry.also.join('\n'));
  const problem = useSignal<string | undefined>(undefined);
  const save = async (): Promise<void> => {
    try {
      const own = entry.answer === null ? {} : { question: question.value, answer: answer.value };
      await api('PATCH', `api/agent/entries/${entry.id}`, { body: { ...own, also: linesOf(also.value) } });
      onClose();
      changes.value += 1;
      notify('Changed: it counts within seconds');
    } catch (error) {
      problem.value = error instanceof ApiError ? error.message : String(error);
    }
  };
  return (
    <Dialog title="Change what was learned" onClose={onClose}>
      <form
        class="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        {entry.answer === null ? (
          <p class="breaks">
            Ways to ask <q dir="auto">{entry.question}</q>
          </p>
        ) : (
          <EntryFields question={question} answer={answer} rows={4} />
        )}
        <div class="field">
          <label for={`${id}-also`}>Also asked as, one a line</label>
          <textarea
            id={`${id}-also`}
            dir="auto"
            rows={4}
            value={also.value}
            onInput={({ currentTarget }) => (also.value = currentTarget.value)}
          />
        </div>
        {problem.value !== undefined && (
          <p class="fault" role="alert">
            {problem.value}
          </p>
        )}
        <div class="actions end">
          <Button onPress={onClose}>Cancel</Button>
          <Button kind="primary" onPress={save}>
            Save
          </Button>
        </div>
      </form>
    </Dialog>
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
