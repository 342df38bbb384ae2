import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { Empty, Failed, Loading } from '../../kit/empty.tsx';
import { type Level, Status } from '../../kit/status.tsx';
import { Ago, At } from '../../kit/time.tsx';
import { countText } from '../../lib/format.ts';
import { liveValue } from '../../lib/live.ts';
import { href, location, setQuery } from '../../lib/router.ts';
import { useResource } from '../../lib/use-resource.ts';
import { SkipButton } from './skip.tsx';
import { conversationIn, kindOf } from './text.ts';

/** GET /api/conversations/{id}/jobs */
interface HeadJobs {
  items: {
    id: string;
    queue: string;
    message_id: string | null;
    state: string;
    reason: string;
    attempts: number;
    most_attempts: number;
    next_try: string | null;
    last_error: string | null;
    behind: number;
    created_at: string;
  }[];
}

/** Shows which jobs a conversation waits for. */
export function StuckChat() {
  const input = location.value.query.get('conversation') ?? '';
  const conversation = conversationIn(input);
  const isInvalid = useSignal(false);
  const id = useId();
  return (
    <section class="stack-tight" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Why is a chat stuck?</h2>
      <form
        class="filters"
        onSubmit={(event) => {
          event.preventDefault();
          const text = new FormData(event.currentTarget).get('conversation');
          const found = conversationIn(typeof text === 'string' ? text : '');
          isInvalid.value = found === undefined;
          if (found !== undefined) setQuery({ conversation: found });
        }}
      >
        <label for={id}>Conversation</label>
        <input
          id={id}
          name="conversation"
          class="grows"
          defaultValue={input}
          aria-describedby={`${id}-help`}
          aria-invalid={isInvalid.value}
        />
        <button type="submit" class="button">
          Check
        </button>
        <span id={`${id}-help`} class="help" role="status">
          {isInvalid.value ? 'This does not contain a conversation id.' : 'Its id, or a link to it.'}
        </span>
      </form>
      {conversation !== undefined && <Answer conversation={conversation} />}
    </section>
  );
}

function Answer({ conversation }: { conversation: string }) {
  const chats = liveValue('chats');
  const queues = Object.values(liveValue('queues') ?? {});
  const depths = queues.map(({ paused, waiting, active, delayed }) => [paused, waiting, active, delayed]);
  const version = JSON.stringify([chats?.last_message, chats?.last_event, depths]);
  const { data, error, reload } = useResource<HeadJobs>(`api/conversations/${conversation}/jobs`, version);
  const jobs = data.value?.items;
  return (
    <>
      <Failed error={error.value} onRetry={reload} />
      {jobs === undefined && error.value === undefined && <Loading rows={2} />}
      {jobs?.length === 0 && (
        <Empty title="This chat is not waiting for a job">
          <p>
            Everything was answered and sent, or failed for good.{' '}
            <a href={href(['conversations', conversation])}>Open the conversation</a>
          </p>
        </Empty>
      )}
      {jobs !== undefined && jobs.length > 0 && (
        <ul class="rows" aria-label="What the chat waits for">
          {jobs.map((job) => (
            <li key={job.id}>
              <div class="row spread">
                <div class="grows">
                  <strong>
                    {kindOf(job.queue)} {job.id}
                  </strong>{' '}
                  <Status level={LEVELS[job.state] ?? 'warn'}>{job.state}</Status>
                  <p>
                    {job.reason}
                    {job.next_try !== null && (
                      <>
                        {' '}
                        Next try at <At time={job.next_try} />.
                      </>
                    )}
                  </p>
                  {job.last_error !== null && (
                    <p class="breaks" dir="auto">
                      Last error: {job.last_error}
                    </p>
                  )}
                  <div class="help">
                    {job.attempts} of {job.most_attempts} attempts failed, {countText(job.behind, 'job')}{' '}
                    behind it, created <Ago time={job.created_at} />
                  </div>
                </div>
                <div class="actions">
                  <a class="button" href={href(['conversations', conversation])}>
                    Conversation
                  </a>
                  {job.state !== 'running' && <SkipButton id={job.id} onDone={reload} />}
                </div>
              </div>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

const LEVELS: Readonly<Record<string, Level>> = {
  running: 'good',
  waiting: 'idle',
  pending: 'idle',
  delayed: 'idle',
  lost: 'bad',
};
