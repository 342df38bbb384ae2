import { Status } from '../../kit/status.tsx';
import { type Column, Table } from '../../kit/table.tsx';
import { Ago, For } from '../../kit/time.tsx';
import { bytesText, durationText, numberText } from '../../lib/format.ts';
import type { Replica } from '../../lib/live-values.ts';
import { clockText, heartbeatText, isWrong, stateLevels, versionText } from './text.ts';

const COLUMNS: readonly Column<Replica>[] = [
  {
    title: 'Replica',
    cell: ({ instance, host, pid }) => (
      <>
        <strong class="breaks">{instance}</strong>
        <div class="help breaks">
          {host}, process {pid}
        </div>
      </>
    ),
  },
  { title: 'State', cell: (replica) => <State replica={replica} /> },
  {
    title: 'Up',
    cell: ({ started_at: started, state }) =>
      started === null || state === 'lost' ? '–' : <For since={started} />,
  },
  { title: 'Version', cell: (replica) => <span class="breaks">{versionText(replica)}</span> },
  {
    title: 'Event loop',
    isNumber: true,
    cell: ({ event_loop_delay_p99_seconds: delay }) =>
      delay === null ? (
        '–'
      ) : (
        <span title="Delay of the event loop, 99th percentile">{numberText(delay * 1000)} ms</span>
      ),
  },
  {
    title: 'Memory',
    isNumber: true,
    cell: ({ resident_memory_bytes: memory, heap_used_bytes: heap }) => (
      <>
        {bytesText(memory)}
        {heap !== null && <div class="help">heap {bytesText(heap)}</div>}
      </>
    ),
  },
  {
    title: 'Clock',
    cell: ({ clock_ahead_seconds: ahead }) =>
      ahead === 0 ? clockText(ahead) : <Status level="warn">{clockText(ahead)}</Status>,
  },
];

const HEARTBEAT_COLUMN: Column<Replica> = {
  title: 'Heartbeat',
  cell: (replica) => <Heartbeat replica={replica} />,
};

export function Replicas({ service, replicas }: { service: string; replicas: readonly Replica[] }) {
  const hasBeats = replicas.some(({ heartbeat }) => heartbeat !== null) || service === 'worker';
  return (
    <Table
      label={`Replicas of ${service}`}
      columns={hasBeats ? [...COLUMNS, HEARTBEAT_COLUMN] : COLUMNS}
      rows={replicas}
      keyOf={({ instance }) => instance}
    />
  );
}

function State({ replica }: { replica: Replica }) {
  const { state, silent_seconds: silent } = replica;
  return (
    <>
      <Status level={state === 'live' && isWrong(replica) ? 'warn' : stateLevels[state]}>{state}</Status>
      {(state === 'stale' || state === 'lost') && <div class="help">silent for {durationText(silent)}</div>}
      {state === 'draining' && <div class="help">finishing its current work</div>}
    </>
  );
}

function Heartbeat({ replica }: { replica: Replica }) {
  const { heartbeat } = replica;
  const failing = Object.entries(heartbeat?.failing ?? {});
  return (
    <>
      {heartbeatText(replica)}
      {heartbeat?.age_seconds != null && <div class="help">{durationText(heartbeat.age_seconds)} ago</div>}
      {heartbeat?.last_job_at != null && (
        <div class="help">
          last job <Ago time={heartbeat.last_job_at} />
        </div>
      )}
      {failing.map(([queue, why]) => (
        <div key={queue}>
          <Status level="bad">{queue}</Status> <span class="breaks">{why}</span>
        </div>
      ))}
    </>
  );
}
