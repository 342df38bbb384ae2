import { Empty, Failed, Loading } from '../../kit/empty.tsx';
import { isOnlyWrong } from '../../kit/only-wrong.tsx';
import { Status } from '../../kit/status.tsx';
import { Table } from '../../kit/table.tsx';
import { Ago, At } from '../../kit/time.tsx';
import { durationText } from '../../lib/format.ts';
import { now } from '../../lib/live.ts';
import { useResource } from '../../lib/use-resource.ts';
import { isLate } from './words.ts';

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

const words: Readonly<Record<string, string>> = {
  retention: 'Deletes what is older than it is kept',
  'hand-over': 'Ends the time of people who are silent, tells of customers who wait',
  'lost-jobs': 'Releases again what was lost',
  'import-jobs': 'Takes over jobs of old versions',
};

const isWrong = (schedule: Schedule): boolean =>
  schedule.last_run?.outcome === 'failed' || isLate(schedule, now.value);

/** What is done at its times: next, last, and how it ended. */
export function Schedules() {
  // Nothing tells of each run: once in ten seconds is as often as they matter.
  const version = Math.floor(now.value / 10_000);
  const { data, error, reload } = useResource<Schedules>('api/schedules', version);
  const items = data.value?.items;
  const shown = isOnlyWrong() ? items?.filter(isWrong) : items;
  return (
    <section aria-labelledby="schedules">
      <h2 id="schedules">At their times</h2>
      <Failed error={error.value} onRetry={reload} />
      {items === undefined && error.value === undefined && <Loading rows={4} />}
      {shown?.length === 0 && <Empty title="Everything ran when it was due" />}
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
                  <div class="help">{words[name]}</div>
                </>
              ),
            },
            { title: 'Every', cell: ({ every_seconds: every }) => durationText(every) },
            { title: 'Next', cell: (schedule) => <Next schedule={schedule} /> },
            {
              title: 'Last',
              cell: ({ last_run: last }) => (last === null ? 'never' : <Ago time={last.started_at} />),
            },
            { title: 'How it ended', cell: ({ last_run: last }) => <Ended last={last} /> },
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

function Ended({ last }: { last: Schedule['last_run'] }) {
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
