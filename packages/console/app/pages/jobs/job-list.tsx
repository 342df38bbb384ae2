import { useId } from 'preact/hooks';
import { Empty } from '../../kit/empty.tsx';
import { ListView } from '../../kit/list-view.tsx';
import { isOnlyWrong } from '../../kit/only-wrong.tsx';
import { Status } from '../../kit/status.tsx';
import { Ago, At, For } from '../../kit/time.tsx';
import { withQuery } from '../../lib/api.ts';
import { liveValue } from '../../lib/live.ts';
import { href, location, setQuery } from '../../lib/router.ts';
import { useList } from '../../lib/use-list.ts';
import { SkipButton } from './skip.tsx';
import { KindSelect } from './kind-select.tsx';
import { conversationOf, kindOf, queueNames, rowIdOf } from './text.ts';

/** GET /api/jobs */
interface Job {
  id: string;
  queue: string;
  state: string;
  payload: unknown;
  error: string | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  worker: string | null;
}

const STATES: readonly [value: string, title: string, empty: string][] = [
  ['active', 'Running', 'No job is running'],
  ['waiting', 'Waiting', 'No job is waiting'],
  ['delayed', 'Delayed', 'No job is delayed'],
  ['failed', 'Recently failed', 'No job has failed recently'],
  ['completed', 'Recently completed', 'No job was completed recently'],
];

/** Jobs in BullMQ by state: since when, and on which worker. */
export function JobList() {
  const { query } = location.value;
  const requested = STATES.find(([value]) => value === query.get('list'));
  // With "Only problems" the failed jobs are shown, unless the address names a state.
  const [state, title, empty] = requested ?? (isOnlyWrong() ? STATES[3]! : STATES[0]!);
  const queue = queueNames.find((name) => name === query.get('of'));
  const list = useList<Job>(withQuery('api/jobs', { queue, state }), { keyOf, version: useVersion() });
  const id = useId();
  return (
    <section class="stack-tight" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>
        {title}
        {queue !== undefined && `: ${kindOf(queue)}`}
      </h2>
      <div class="filters">
        <label for={`${id}-state`}>Show</label>
        <select
          id={`${id}-state`}
          value={state}
          onChange={({ currentTarget }) => setQuery({ list: currentTarget.value })}
        >
          {STATES.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
        <label for={`${id}-kind`}>Of</label>
        <KindSelect id={`${id}-kind`} value={queue} onChoose={(chosen) => setQuery({ of: chosen })} />
      </div>
      <ListView
        list={list}
        label={`${title} jobs`}
        keyOf={keyOf}
        row={(job) => <Row job={job} />}
        empty={<Empty title={empty} />}
      />
    </section>
  );
}

const keyOf = ({ queue, id }: Job): string => `${queue} ${id}`;

/** Changes when jobs have changed their state. */
function useVersion(): string {
  const queues = Object.values(liveValue('queues') ?? {});
  const depths = queues.map(({ waiting, active, delayed }) => [waiting, active, delayed]);
  return JSON.stringify([depths, liveValue('chats')?.last_message, liveValue('dead_letter')?.depth]);
}

function Row({ job }: { job: Job }) {
  const conversation = conversationOf(job.payload);
  const isOpen = job.state === 'waiting' || job.state === 'delayed';
  return (
    <div class="row spread">
      <div class="grows">
        <strong>
          {kindOf(job.queue)} {rowIdOf(job.id)}
        </strong>
        <div class="help breaks">
          <When job={job} />
          {job.worker !== null && ` on ${job.worker}`}
        </div>
        {job.error !== null && (
          <div class="breaks" dir="auto">
            <Status level={job.state === 'failed' ? 'bad' : 'warn'}>last error</Status> {job.error}
          </div>
        )}
      </div>
      <div class="actions">
        {conversation !== undefined && (
          <a class="button" href={href(['conversations', conversation])}>
            Conversation
          </a>
        )}
        {isOpen && <SkipButton id={rowIdOf(job.id)} />}
      </div>
    </div>
  );
}

function When({
  job: { state, created_at: created, started_at: started, finished_at: finished },
}: {
  job: Job;
}) {
  if (state === 'active' && started !== null)
    return (
      <>
        running for <For since={started} />, since <At time={started} />
      </>
    );
  if (finished !== null)
    return (
      <>
        ended <Ago time={finished} />
      </>
    );
  return (
    <>
      enqueued <Ago time={created} />
    </>
  );
}
