import { useSignal } from '@preact/signals';
import { Button } from '../../kit/button.tsx';
import { Confirm } from '../../kit/dialog.tsx';
import { Empty, Failed, Loading } from '../../kit/empty.tsx';
import { OldValue } from '../../kit/old-value.tsx';
import { isOnlyWrong } from '../../kit/only-wrong.tsx';
import { Status } from '../../kit/status.tsx';
import { type Column, Table } from '../../kit/table.tsx';
import { api, me } from '../../lib/api.ts';
import { countText, durationText, numberText } from '../../lib/format.ts';
import { liveValue } from '../../lib/live.ts';
import type { QueueStats } from '../../lib/live-values.ts';
import { isAdmin, seesRecords } from '../../lib/page.ts';
import { href } from '../../lib/router.ts';
import { notify } from '../../lib/notifications.ts';
import { useResource } from '../../lib/use-resource.ts';
import { type QueueState, kindOf, stateOfQueue } from './text.ts';

interface Row extends QueueStats {
  name: string;
  state: QueueState;
}
type QueueAction = 'pause' | 'resume' | 'drain';

/** Job counts by kind, with the actions that admins may take on a queue. */
export function Queues() {
  const dialog = useSignal<{ action: QueueAction; queue: Row } | null>(null);
  const queues = liveValue('queues');
  const facts = (liveValue('health') ?? []).find(({ name }) => name === 'queues')?.facts ?? {};
  const rows = Object.entries(queues ?? {}).map(([name, figures]) => ({
    name,
    ...figures,
    state: stateOfQueue(name, figures, facts),
  }));
  const shown = isOnlyWrong() ? rows.filter(({ state }) => state.level !== 'good') : rows;
  const columns: Column<Row>[] = [
    { title: 'Kind', cell: ({ name }) => <Kind name={name} /> },
    { title: 'State', cell: ({ state }) => <StateCell {...state} /> },
    {
      title: 'Waiting',
      isNumber: true,
      cell: (row) => <Count row={row} state="waiting" count={row.waiting} />,
    },
    {
      title: 'Running',
      isNumber: true,
      cell: (row) => <Count row={row} state="active" count={row.active} />,
    },
    {
      title: 'Delayed',
      isNumber: true,
      cell: (row) => <Count row={row} state="delayed" count={row.delayed} />,
    },
    {
      title: 'Oldest',
      isNumber: true,
      cell: ({ oldestAgeSeconds: age }) => (age === 0 ? '–' : durationText(age)),
    },
    {
      title: 'Completed per minute',
      isNumber: true,
      cell: ({ completedPerMinute: rate }) => numberText(rate),
    },
    ...(me.value && isAdmin(me.value)
      ? [
          {
            title: 'Actions',
            cell: (row: Row) => (
              <Actions queue={row} onAsk={(action) => (dialog.value = { action, queue: row })} />
            ),
          },
        ]
      : []),
  ];
  return (
    <section aria-labelledby="queues">
      <h2 id="queues">By kind</h2>
      <OldValue part="queues" />
      {queues === null && <Loading rows={3} />}
      {queues !== null && shown.length === 0 && <Empty title="No queue has a problem" />}
      {shown.length > 0 && (
        <Table label="Jobs by kind" columns={columns} rows={shown} keyOf={({ name }) => name} />
      )}
      {dialog.value !== null && <QueueActionDialog {...dialog.value} onClose={() => (dialog.value = null)} />}
    </section>
  );
}

function Kind({ name }: { name: string }) {
  return (
    <>
      <strong>{kindOf(name)}</strong>
      <div class="help">{name}</div>
    </>
  );
}

const StateCell = ({ level, label }: QueueState) => <Status level={level}>{label}</Status>;

/** A number that links to its jobs, for viewers who may see them. */
function Count({ row, state, count }: { row: Row; state: string; count: number }) {
  if (count === 0 || !me.value || !seesRecords(me.value)) return <>{numberText(count)}</>;
  return (
    <a class="target" href={href(['jobs'], { list: state, of: row.name })}>
      {numberText(count)}
    </a>
  );
}

function Actions({ queue, onAsk }: { queue: Row; onAsk: (action: QueueAction) => void }) {
  const kind = kindOf(queue.name);
  return (
    <div class="actions">
      {queue.paused ? (
        <Button label={`Resume: ${kind}`} onPress={() => onAsk('resume')}>
          Resume
        </Button>
      ) : (
        <Button label={`Pause: ${kind}`} onPress={() => onAsk('pause')}>
          Pause
        </Button>
      )}
      <Button label={`Drain: ${kind}`} onPress={() => onAsk('drain')}>
        Drain
      </Button>
    </div>
  );
}

/** GET /api/queues */
interface QueueList {
  items: { name: string; waiting: number; active: number; delayed: number; pending: number }[];
}

function QueueActionDialog({
  action,
  queue,
  onClose,
}: {
  action: QueueAction;
  queue: Row;
  onClose: () => void;
}) {
  const { name } = queue;
  const { data, error, reload } = useResource<QueueList>('api/queues');
  const counts = data.value?.items.find((one) => one.name === name);
  const open = counts && counts.waiting + counts.delayed + counts.pending;
  const kind = kindOf(name);
  const run = async (): Promise<void> => {
    const answer = await api<{ drained: number } | undefined>('POST', `api/queues/${name}/${action}`);
    const done = {
      pause: `Paused: ${kind}`,
      resume: `Resumed: ${kind}`,
      drain: `${countText(answer?.drained ?? 0, 'job')} went to the dead letter`,
    };
    notify(done[action]);
  };
  const titles = { pause: `Pause “${kind}”?`, resume: `Resume “${kind}”?`, drain: `Drain “${kind}”?` };
  const yes = { pause: 'Pause', resume: 'Resume', drain: 'Drain' };
  return (
    <Confirm
      title={titles[action]}
      yes={yes[action]}
      isDangerous={action === 'drain'}
      isReady={counts !== undefined}
      onYes={run}
      onClose={onClose}
    >
      <Failed error={error.value} onRetry={reload} />
      <p>
        {open === undefined
          ? 'Counting …'
          : `${countText(open, 'job')} not started, ${counts!.active} running.`}
      </p>
      {action === 'pause' && (
        <p>
          Running jobs finish. No further jobs are taken until somebody resumes the queue, also after a
          restart.
        </p>
      )}
      {action === 'resume' && <p>The workers take jobs from this queue again.</p>}
      {action === 'drain' && (
        <p>
          Jobs that have not started fail with the reason DRAINED and go to the dead letter, from where they
          can be replayed. Their conversations wait for a person. Running jobs finish.
        </p>
      )}
    </Confirm>
  );
}
