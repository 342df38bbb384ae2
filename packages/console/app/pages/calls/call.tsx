import { useSignal } from '@preact/signals';
import { Empty, Failed, Loading } from '../../kit/empty.tsx';
import { Facts } from '../../kit/facts.tsx';
import { Status } from '../../kit/status.tsx';
import { At, For } from '../../kit/time.tsx';
import { withQuery } from '../../lib/api.ts';
import { clockText, durationText, exactTime } from '../../lib/format.ts';
import { href } from '../../lib/router.ts';
import type { Page } from '../../lib/use-list.ts';
import { useResource } from '../../lib/use-resource.ts';
import type { Call, Recording } from './records.ts';
import {
  callerText,
  detailText,
  digitsOf,
  lengthText,
  currentStepText,
  offsetText,
  reasonText,
  stateOf,
  stepText,
} from './text.ts';

const pathOf = (id: string): string => `api/calls/${encodeURIComponent(id)}`;

export function CallPage({ id, version }: { id: string; version: string | undefined }) {
  const { data, error, reload } = useResource<Call>(pathOf(id), version);
  const call = data.value;
  return (
    <div class="stack">
      <div>
        <a href={href(['calls'])}>All calls</a>
        <h1 class="name" dir="auto">
          {call === undefined ? 'Call' : callerText(call.from_number)}
        </h1>
      </div>
      {error.value?.status === 404 ? (
        <Empty title="There is no such call">
          <p>It may have been deleted, or it belongs to another business.</p>
        </Empty>
      ) : (
        <>
          <Failed error={error.value} onRetry={reload} />
          {call === undefined && error.value === undefined && <Loading rows={4} />}
          {call !== undefined && <CallDetails call={call} />}
        </>
      )}
    </div>
  );
}

function CallDetails({ call }: { call: Call }) {
  const { level, label } = stateOf(call);
  const isLive = call.outcome === null;
  return (
    <>
      <section class={`sentence ${level === 'good' ? '' : level}`} aria-label="Status">
        <p>
          <Status level={level}>{label}</Status>
          {isLive ? (
            <>
              {' '}
              for <For since={call.answered_at ?? call.started_at} />: the caller {currentStepText(call)}
            </>
          ) : (
            call.reason !== null && <>: {reasonText(call.reason)}</>
          )}
        </p>
      </section>
      {call.recordings.length > 0 && (
        <section class="card stack" aria-labelledby="messages">
          <h2 id="messages">{call.recordings.length === 1 ? 'The message' : 'The messages'}</h2>
          {call.recordings.map((recording, index) => (
            <Player key={recording.id} call={call} recording={recording} number={index + 1} />
          ))}
          <p class="help">The audit log records who listens.</p>
        </section>
      )}
      <section class="card stack" aria-labelledby="call-facts">
        <h2 id="call-facts">The call</h2>
        <Facts
          items={[
            ['Started', <At time={call.started_at} />],
            ['Length', isLive ? 'in progress' : lengthText(call)],
            ['Called', call.to_number ?? 'unknown'],
            ['Id', call.id],
          ]}
        />
        <ChatOf call={call} />
      </section>
      <section class="card" aria-labelledby="time-line">
        <h2 id="time-line">What happened</h2>
        <TimeLine call={call} />
      </section>
    </>
  );
}

function TimeLine({ call: { timeline, started_at: startedAt } }: { call: Call }) {
  const [first] = timeline;
  if (first === undefined) return <p class="quiet">No steps of this call were recorded.</p>;
  const from = first.at < startedAt ? first.at : startedAt;
  return (
    <ol class="time-line" aria-labelledby="time-line">
      {timeline.map((moment) => {
        const detail = detailText(moment);
        return (
          <li key={`${moment.at} ${moment.event} ${moment.detail}`}>
            <time dateTime={moment.at} title={exactTime(moment.at)}>
              {offsetText(moment.at, from)}
            </time>
            <span>
              {stepText(moment)}
              {detail !== undefined && <span class="quiet">: {detail}</span>}
            </span>
          </li>
        );
      })}
    </ol>
  );
}

function Player({ call, recording, number }: { call: Call; recording: Recording; number: number }) {
  const hasFailed = useSignal(false);
  const source = `${pathOf(call.id)}/recordings/${recording.id}`;
  const title = `Message ${number}, ${durationText(recording.duration_ms / 1000)}, ${clockText(recording.created_at)}`;
  return (
    <div class="player">
      <span class="quiet">{title}</span>
      <audio
        controls
        preload="none"
        src={source}
        aria-label={title}
        onError={() => (hasFailed.value = true)}
        onCanPlay={() => (hasFailed.value = false)}
      />
      <a href={source} download="">
        Download
      </a>
      {hasFailed.value && (
        <p class="fault" role="alert">
          The recording could not be loaded or played.
        </p>
      )}
    </div>
  );
}

/** Links to the chat and the calls of the same number. */
function ChatOf({ call: { from_number: from } }: { call: Call }) {
  const digits = digitsOf(from);
  const chats = useResource<Page<{ id: string; contact_name: string | null }>>(
    digits === undefined
      ? undefined
      : withQuery('api/conversations', { contact: digits, staff: true, limit: 1 }),
  ).data.value;
  const [chat] = chats?.items ?? [];
  return (
    <div class="row">
      {chat !== undefined && (
        <a href={href(['conversations', chat.id])} dir="auto">
          Chat with {chat.contact_name ?? from}
        </a>
      )}
      {digits !== undefined && <a href={href(['calls'], { contact: digits })}>All calls of this number</a>}
      {digits !== undefined && chats !== undefined && chat === undefined && (
        <span class="quiet">No chat with this number yet.</span>
      )}
    </div>
  );
}
