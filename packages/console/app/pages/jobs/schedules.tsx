import { Empty, Failed, Loading } from '../../kit/empty.tsx';
import { isOnlyWrong } from '../../kit/only-wrong.tsx';
import { Status } from '../../kit/status.tsx';
import { Table } from '../../kit/table.tsx';
import { Ago, At } from '../../kit/time.tsx';
import { durationText } from '../../lib/format.ts';
import { now } from '../../lib/live.ts';
import { useResource } from '../../lib/use-resource.ts';
import { isLate } from './text.ts';

/** GET /api/schedules */
interface Schedules {
  items: Schedule[];
}
interface Schedule {
  name: string;
  every_seconds: number;
  next_run: string | null;
  last_run: {
    started_at: string;
    ran_ms: number;
    outcome: string;
    error: string | null;
    worker: string;
  } | null;
}

const descriptions: Readonly<Record<string, string>> = {
  retention: 'Deletes expired records',
  'hand-over': 'Returns chats that nobody answers, and notifies the team of waiting customers',
  'lost-jobs': 'Enqueues lost jobs again',
  'import-jobs': 'Imports jobs of older versions',
};

const isWrong = (schedule: Schedule): boolean =>
  schedule.last_run?.outcome === 'failed' || isLate(schedule, now.value);

/** The schedules: next run, last run and its outcome. */
export function Schedules() {
  // There is no live value for schedules, so they are read every ten seconds.
  const version = Math.floor(now.value / 10_000);
  const { data, error, reload } = useResource<Schedules>('api/schedules', version);
  const items = data.value?.items;
  const shown = isOnlyWrong() ? items?.filter(isWrong) : items;
  return (
    <section aria-labelledby="schedules">
      <h2 id="schedules">Schedules</h2>
      <Failed error={error.value} onRetry={reload} />
      {items === undefined && error.value === undefined && <Loading rows={4} />}
      {shown?.length === 0 && <Empty title="No schedule has a problem" />}
      {shown !== undefined && shown.length > 0 && (
        <Table
          label="Schedules"
          rows={shown}
          keyOf={({ name }) => name}
          columns={[
            {
              title: 'What',
              cell: ({ name }) => (
                <>
                  <strong>{name}</strong>
                  <div class="help">{descriptions[name]}</div>
                </>
              ),
            },
            { title: 'Every', cell: ({ every_seconds: every }) => durationText(every) },
            { title: 'Next', cell: (schedule) => <Next schedule={schedule} /> },
            {
              title: 'Last',
              cell: ({ last_run: last }) => (last === null ? 'never' : <Ago time={last.started_at} />),
            },
            { title: 'Outcome', cell: ({ last_run: last }) => <Outcome last={last} /> },
          ]}
        />
      )}
    </section>
  );
}

function Next({ schedule }: { schedule: Schedule }) {
  const { next_run: next } = schedule;
  if (isLate(schedule, now.value)) return <Status level="bad">overdue</Status>;
  if (next === null || new Date(next).getTime() <= now.value) return <>due</>;
  return <At time={next} />;
}

function Outcome({ last }: { last: Schedule['last_run'] }) {
  if (last === null) return <>–</>;
  const isFailed = last.outcome === 'failed';
  return (
    <>
      <Status level={isFailed ? 'bad' : 'good'}>{isFailed ? 'failed' : 'done'}</Status>
      <div class="help breaks">
        in {last.ran_ms < 1000 ? `${Math.round(last.ran_ms)} ms` : durationText(last.ran_ms / 1000)} on{' '}
        {last.worker}
      </div>
      {last.error !== null && (
        <div class="breaks" dir="auto">
          {last.error}
        </div>
      )}
    </>
  );
}
