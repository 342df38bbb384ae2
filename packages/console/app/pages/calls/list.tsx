import { Empty } from '../../kit/empty.tsx';
import { ListView } from '../../kit/list-view.tsx';
import { isOnlyWrong } from '../../kit/only-wrong.tsx';
import { Status } from '../../kit/status.tsx';
import { For } from '../../kit/time.tsx';
import { withQuery } from '../../lib/api.ts';
import { boundsOfDay } from '../../lib/days.ts';
import { clockText, countText, dayText, exactTime, timeZone } from '../../lib/format.ts';
import { now } from '../../lib/live.ts';
import { href, location } from '../../lib/router.ts';
import { useList } from '../../lib/use-list.ts';
import { Filters } from './filters.tsx';
import type { Call } from './records.ts';
import { callerText, digitsOf, lengthText, currentStepText, reasonText, stateOf } from './text.ts';

const keyOf = ({ id }: Call): string => id;

export function CallList({ version }: { version: string | undefined }) {
  const { query } = location.value;
  const [outcome, contact, day] = ['outcome', 'contact', 'day'].map((name) => query.get(name) ?? '');
  const isWrong = isOnlyWrong();
  const isFiltered = isWrong || [outcome, contact, day].some((value) => value !== '');
  const live = useList<Call>(isFiltered ? undefined : 'api/calls?live=true', { keyOf, version });
  const past = useList<Call>(
    withQuery('api/calls', {
      live: false,
      outcome: isWrong ? 'error,rejected' : outcome,
      contact: contact?.trim(),
      ...boundsOfDay(day ?? '', timeZone.value),
    }),
    { keyOf, version },
  );
  const liveCalls = live.items.value ?? [];
  return (
    <div class="stack">
      <h1>Calls</h1>
      {!isFiltered && liveCalls.length > 0 && (
        <section aria-labelledby="live-calls">
          <h2 id="live-calls">{countText(liveCalls.length, 'call in progress', 'calls in progress')}</h2>
          <ul class="rows" aria-label="Live calls">
            {liveCalls.map((call) => (
              <li key={call.id}>
                <LiveRow call={call} />
              </li>
            ))}
          </ul>
        </section>
      )}
      <Filters />
      <section class="stack tight" aria-label="Past calls">
        <ListView
          list={past}
          label="Past calls"
          keyOf={keyOf}
          groupOf={({ started_at: at }) => dayText(at, now.value)}
          row={(call) => <PastRow call={call} />}
          empty={isFiltered ? <NoneFound /> : liveCalls.length > 0 ? '…' : <NoCallYet />}
        />
      </section>
    </div>
  );
}

function NoneFound() {
  return (
    <Empty title={isOnlyWrong() ? 'No call failed' : 'No call matches'}>
      <a href={href(['calls'])}>Show all calls</a>
    </Empty>
  );
}

function NoCallYet() {
  return (
    <Empty title="No call yet">
      <p>
        Point your provider’s number at <code>/webhook/incoming_call</code> of the calls service, under your{' '}
        <code>PUBLIC_URL</code>: docs/calls.md says how, step by step. <code>npm run demo:call</code> places a
        simulated one.
      </p>
    </Empty>
  );
}

function LiveRow({ call }: { call: Call }) {
  const { level, label } = stateOf(call);
  return (
    <div class="call-row">
      <Caller call={call} />
      <span class="quiet">
        <For since={call.answered_at ?? call.started_at} />
      </span>
      <span>
        <Status level={level}>{label}</Status>: the caller {currentStepText(call)}
      </span>
      <ChatLink call={call} />
    </div>
  );
}

function PastRow({ call }: { call: Call }) {
  const { level, label } = stateOf(call);
  return (
    <div class="call-row">
      <Caller call={call} />
      <span class="quiet">{lengthText(call)}</span>
      <span>
        <Status level={level}>{label}</Status>
        {call.reason !== null && <span class="quiet">: {reasonText(call.reason)}</span>}
        {call.recordings.length > 0 && (
          <span class="left-message">
            {' '}
            {countText(call.recordings.length, 'message left', 'messages left')}
          </span>
        )}
      </span>
      <ChatLink call={call} />
    </div>
  );
}

function Caller({ call: { id, from_number: from, started_at: at } }: { call: Call }) {
  return (
    <span class="caller">
      <time dateTime={at} title={exactTime(at)}>
        {clockText(at)}
      </time>
      <a href={href(['calls', id])} dir="auto">
        {callerText(from)}
      </a>
    </span>
  );
}

function ChatLink({ call: { from_number: from } }: { call: Call }) {
  const digits = digitsOf(from);
  if (digits === undefined) return <span />;
  return (
    <a class="chat-link" href={href(['conversations'], { text: digits })} aria-label={`Chat with ${from}`}>
      Chat
    </a>
  );
}
