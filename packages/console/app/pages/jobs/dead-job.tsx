import { useSignal } from '@preact/signals';
import { Button } from '../../kit/button.tsx';
import { Confirm } from '../../kit/dialog.tsx';
import { Empty, Failed, Loading } from '../../kit/empty.tsx';
import { Facts } from '../../kit/facts.tsx';
import { Status } from '../../kit/status.tsx';
import { Table } from '../../kit/table.tsx';
import { Ago } from '../../kit/time.tsx';
import { api, me } from '../../lib/api.ts';
import { countText, durationText, exactTime } from '../../lib/format.ts';
import { liveValue } from '../../lib/live.ts';
import { isAdmin } from '../../lib/page.ts';
import { go, href } from '../../lib/router.ts';
import { notify } from '../../lib/notifications.ts';
import { useResource } from '../../lib/use-resource.ts';
import { conversationOf, kindOf } from './text.ts';

/** GET /api/jobs/dead-letter/{id} */
export interface DeadJob {
  id: string;
  queue: string;
  business_id: string | null;
  message_id: string | null;
  payload: unknown;
  reason: string;
  attempts: number;
  failures: Attempt[];
  trace: string | null;
  replays: number;
  created_at: string;
  failed_at: string;
}

interface Attempt {
  attempt: number;
  error: string;
  failed_at: string;
  ran_ms: number;
  worker: string;
}

/** One job in the dead letter, with all its attempts. */
export function DeadJobView({ id }: { id: string }) {
  const letter = liveValue('dead_letter');
  const path = `api/jobs/dead-letter/${encodeURIComponent(id)}`;
  const { data, error, reload } = useResource<DeadJob>(path, `${letter?.depth} ${letter?.newest}`);
  const job = data.value;
  const isGone = error.value?.status === 404 || error.value?.status === 400;
  return (
    <div class="stack">
      <p>
        <a class="target" href={href(['jobs'])}>
          All jobs
        </a>
      </p>
      <h1>{job === undefined ? `Job ${id}` : `${kindOf(job.queue)} ${id}`}</h1>
      {isGone ? (
        <Empty title="This job is not in the dead letter">
          <p>It was replayed or purged, or it has not failed.</p>
        </Empty>
      ) : (
        <>
          <Failed error={error.value} onRetry={reload} />
          {job === undefined && error.value === undefined && <Loading rows={4} />}
          {job !== undefined && <JobDetails job={job} />}
        </>
      )}
    </div>
  );
}

function JobDetails({ job }: { job: DeadJob }) {
  const conversation = conversationOf(job.payload);
  return (
    <>
      <section class="card stack-tight" aria-label="Why it failed">
        <p class="breaks" dir="auto">
          <Status level="bad">failed for good</Status> {job.reason}
        </p>
        <Actions id={job.id} />
      </section>
      <Facts
        items={[
          [
            'Failed',
            <>
              {exactTime(job.failed_at)} (<Ago time={job.failed_at} />)
            </>,
          ],
          ['Created', exactTime(job.created_at)],
          ['Attempts', String(job.attempts)],
          ['Replayed before', countText(job.replays, 'time')],
          ['Business', job.business_id ?? '–'],
          ...(conversation === undefined
            ? []
            : [
                [
                  'Conversation',
                  <a class="target" href={href(['conversations', conversation])}>
                    Open the conversation
                  </a>,
                ] as const,
              ]),
          ...(job.trace === null ? [] : [['Trace', <code>{job.trace.split('-')[1]}</code>] as const]),
        ]}
      />
      {job.message_id !== null && <MessageOf id={job.message_id} />}
      <History failures={job.failures} />
      <details>
        <summary class="target">Payload</summary>
        <pre tabIndex={0}>{JSON.stringify(job.payload, null, 2)}</pre>
      </details>
    </>
  );
}

function MessageOf({ id }: { id: string }) {
  const { data } = useResource<{ text: string | null; direction: string }>(
    `api/messages/${encodeURIComponent(id)}`,
  );
  if (data.value?.text == null) return null;
  return (
    <section aria-labelledby="message">
      <h2 id="message">
        {data.value.direction === 'inbound' ? 'The message to answer' : 'The message to send'}
      </h2>
      <blockquote class="card breaks quoted" dir="auto">
        {data.value.text}
      </blockquote>
    </section>
  );
}

function History({ failures }: { failures: readonly Attempt[] }) {
  return (
    <section aria-labelledby="history">
      <h2 id="history">Attempts</h2>
      {failures.length === 0 ? (
        <p class="quiet">No attempt was recorded: the job was given up without one.</p>
      ) : (
        <Table
          label="Attempts"
          rows={failures.toReversed()}
          keyOf={({ attempt, failed_at: at }) => `${attempt} ${at}`}
          columns={[
            { title: 'Attempt', cell: ({ attempt }) => attempt },
            { title: 'When', cell: ({ failed_at: at }) => exactTime(at) },
            {
              title: 'Error',
              cell: ({ error }) => (
                <span class="breaks" dir="auto">
                  {error}
                </span>
              ),
            },
            {
              title: 'Ran',
              isNumber: true,
              cell: ({ ran_ms: ms }) => (ms < 1000 ? `${Math.round(ms)} ms` : durationText(ms / 1000)),
            },
            { title: 'Worker', cell: ({ worker }) => <span class="breaks">{worker}</span> },
          ]}
        />
      )}
    </section>
  );
}

function Actions({ id }: { id: string }) {
  const dialog = useSignal<'replay' | 'purge' | null>(null);
  if (!me.value || !isAdmin(me.value)) return null;
  const path = `api/jobs/dead-letter/${encodeURIComponent(id)}`;
  const close = (): void => void (dialog.value = null);
  const leave = (text: string): void => {
    notify(text);
    go(href(['jobs']));
  };
  return (
    <div class="actions">
      <Button kind="primary" onPress={() => (dialog.value = 'replay')}>
        Replay…
      </Button>
      <Button onPress={() => (dialog.value = 'purge')}>Purge…</Button>
      {dialog.value === 'replay' && (
        <Confirm
          title="Replay the job?"
          yes="Replay"
          onClose={close}
          onYes={async () => {
            await api('POST', `${path}/replay`);
            leave('1 of 1 job replayed');
          }}
        >
          <p>The job is tried again, with all its attempts.</p>
        </Confirm>
      )}
      {dialog.value === 'purge' && (
        <Confirm
          title="Purge the job?"
          yes="Purge"
          isDangerous
          onClose={close}
          onYes={async () => {
            await api('DELETE', path);
            leave('1 job purged');
          }}
        >
          <p>The job is deleted and can no longer be replayed. Its message stays, as failed.</p>
        </Confirm>
      )}
    </div>
  );
}
