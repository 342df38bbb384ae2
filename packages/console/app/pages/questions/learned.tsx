import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { Button } from '../../kit/button.tsx';
import { Confirm, Dialog } from '../../kit/dialog.tsx';
import { Empty } from '../../kit/empty.tsx';
import { ListView } from '../../kit/list-view.tsx';
import { Ago } from '../../kit/time.tsx';
import { ApiError, api } from '../../lib/api.ts';
import { notify } from '../../lib/notifications.ts';
import { useList } from '../../lib/use-list.ts';
import { EntryFields } from './entry-fields.tsx';
import { type Entry, changes } from './records.ts';
import { linesOf } from './text.ts';

/** The entries that people have added, latest first. */
export function LearnedList() {
  const removed = useSignal<Entry | undefined>(undefined);
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
            onRemove={() => (removed.value = entry)}
          />
        )}
        empty={
          <Empty title="Nothing learned yet">
            <p>Answers that you give above are added to the profile and apply within seconds.</p>
          </Empty>
        }
      />
      {edited.value && <ChangeDialog entry={edited.value} onClose={() => (edited.value = undefined)} />}
      {removed.value && <RemoveDialog entry={removed.value} onClose={() => (removed.value = undefined)} />}
    </section>
  );
}

function Row({ entry, onChange, onRemove }: { entry: Entry; onChange: () => void; onRemove: () => void }) {
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
              means the same as <q dir="auto">{question}</q>
            </div>
            {!isUsed && (
              <p class="help">
                Not used: the profile no longer has this entry. Remove it, and answer the question again.
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
        <Button label={`Remove: ${question}`} onPress={onRemove}>
          Remove…
        </Button>
      </div>
    </div>
  );
}

function ChangeDialog({ entry, onClose }: { entry: Entry; onClose: () => void }) {
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
      notify('Changed: it applies within seconds');
    } catch (error) {
      problem.value = error instanceof ApiError ? error.message : String(error);
    }
  };
  return (
    <Dialog title="Change the entry" onClose={onClose}>
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
            Other ways to ask <q dir="auto">{entry.question}</q>
          </p>
        ) : (
          <EntryFields question={question} answer={answer} rows={4} />
        )}
        <div class="field">
          <label for={`${id}-also`}>Also asked as, one per line</label>
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

function RemoveDialog({ entry: { id, question, answer }, onClose }: { entry: Entry; onClose: () => void }) {
  return (
    <Confirm
      title="Remove the entry?"
      yes="Remove"
      onYes={async () => {
        await api('DELETE', `api/agent/entries/${id}`);
        changes.value += 1;
        notify('Removed: its questions are open again');
      }}
      onClose={onClose}
    >
      <p class="breaks">
        The agent forgets {answer === null ? 'these ways to ask' : 'this answer'}:{' '}
        <q dir="auto">{question}</q>. The questions that led to it are listed under “Not understood” again.
      </p>
    </Confirm>
  );
}
