import { useEffect, useRef } from 'preact/hooks';
import { Empty, Failed, Loading } from '../../kit/empty.tsx';
import { Facts } from '../../kit/facts.tsx';
import { Status } from '../../kit/status.tsx';
import { Strip } from '../../kit/strip.tsx';
import { Ago, At, For } from '../../kit/time.tsx';
import { me } from '../../lib/api.ts';
import { countText } from '../../lib/format.ts';
import { isAdmin } from '../../lib/page.ts';
import { href } from '../../lib/router.ts';
import { notify, say } from '../../lib/say.ts';
import { statusOf } from '../../lib/session-words.ts';
import { useResource } from '../../lib/use-resource.ts';
import { SessionActions } from './actions.tsx';
import { whoCan } from './list.tsx';
import { Pairing } from './pairing.tsx';
import { type Session, numberText, pathOf, sessionsVersion, stripOf } from './records.ts';

export function OneSession({ id }: { id: string }) {
  const { data, error, reload } = useResource<Session>(pathOf(id), sessionsVersion());
  const session = data.value;
  const isGone = error.value?.status === 404 || error.value?.status === 400;
  return (
    <div class="stack">
      <div>
        <a href={href(['whatsapp'])}>All sessions</a>
        <h1 class="name">{id}</h1>
      </div>
      {isGone ? (
        <Empty title="There is no such session">
          <p>It may have been deleted, or is another business’.</p>
        </Empty>
      ) : (
        <>
          <Failed error={error.value} onRetry={reload} />
          {session === undefined && error.value === undefined && <Loading rows={4} />}
          {session !== undefined && <Shown session={session} onDone={reload} />}
        </>
      )}
    </div>
  );
}

function Shown({ session, onDone }: { session: Session; onDone: () => void }) {
  const { id, status, reason, detail, since, waiting } = session;
  const { level, word } = statusOf(status, reason);
  const mayChange = me.value ? isAdmin(me.value) : false;
  useTold(session, word);
  return (
    <>
      <section class={`sentence ${level === 'good' ? '' : level}`} aria-label="How it is">
        <p>
          <Status level={level}>{word}</Status>
          {since !== null && (
            <>
              {' '}
              since <At time={since} /> (<For since={since} />)
            </>
          )}
          {waiting > 0 && `; ${countText(waiting, 'message waits', 'messages wait')}`}
        </p>
        {detail !== null && <p class="detail">{detail}</p>}
        {mayChange ? <SessionActions session={session} onDone={onDone} /> : <p class="help">{whoCan}</p>}
      </section>
      {status === 'SCAN_QR_CODE' && mayChange && <Pairing id={id} />}
      <section class="card stack" aria-labelledby="facts">
        <h2 id="facts">The account</h2>
        <Facts
          items={[
            ['Number', numberText(session.phone_number)],
            [
              'Last message in',
              session.last_inbound_at === null ? 'never' : <Ago time={session.last_inbound_at} />,
            ],
            [
              'Last message out',
              session.last_outbound_at === null ? 'never' : <Ago time={session.last_outbound_at} />,
            ],
            ['Messages that wait', String(waiting)],
            ...(session.restricted_until === null
              ? []
              : [['May start no new chats until', <At time={session.restricted_until} />] as const]),
            ['Made', <At time={session.created_at} />],
            ['Business', session.business_id],
          ]}
        />
        <a href={href(['conversations'], { session: id })}>Its conversations</a>
      </section>
      <section class="card stack" aria-labelledby="day">
        <h2 id="day">The last day</h2>
        <Strip changes={stripOf(session)} hours={24} label={`The last day of ${id}`} />
        <Changes session={session} />
      </section>
    </>
  );
}

/** Says how it changed, and shows it where somebody waited for it. */
function useTold({ id, status }: Session, word: string): void {
  const before = useRef(status);
  useEffect(() => {
    if (before.current === status) return;
    before.current = status;
    if (status === 'WORKING') notify(`${id} works`);
    else say(`${id}: ${word}`);
  }, [status]);
}

const MOST_SHOWN = 20;

function Changes({ session: { changes } }: { session: Session }) {
  if (changes.length === 0) return <p class="quiet">Nothing is written down yet.</p>;
  return (
    <ol class="changes" aria-label="Changes, the latest first">
      {changes
        .toReversed()
        .slice(0, MOST_SHOWN)
        .map(({ at, status, reason }) => {
          const { level, word } = statusOf(status, reason);
          return (
            <li key={`${at} ${status} ${reason}`}>
              <At time={at} />
              <Status level={level}>{word}</Status>
              {reason !== null && <code>{reason}</code>}
            </li>
          );
        })}
    </ol>
  );
}
