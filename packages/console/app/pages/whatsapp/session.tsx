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
import { notify, announce } from '../../lib/notifications.ts';
import { statusOf } from '../../lib/session-text.ts';
import { useResource } from '../../lib/use-resource.ts';
import { SessionActions } from './actions.tsx';
import { ADMIN_ONLY_NOTE } from './list.tsx';
import { Pairing } from './pairing.tsx';
import { type Session, numberText, pathOf, sessionsVersion, stripOf } from './records.ts';

export function SessionPage({ id }: { id: string }) {
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
          <p>It may have been deleted, or it belongs to another business.</p>
        </Empty>
      ) : (
        <>
          <Failed error={error.value} onRetry={reload} />
          {session === undefined && error.value === undefined && <Loading rows={4} />}
          {session !== undefined && <SessionDetails session={session} onDone={reload} />}
        </>
      )}
    </div>
  );
}

function SessionDetails({ session, onDone }: { session: Session; onDone: () => void }) {
  const { id, status, reason, detail, since, waiting } = session;
  const { level, label } = statusOf(status, reason);
  const mayChange = me.value ? isAdmin(me.value) : false;
  useStatusAnnouncement(session, label);
  return (
    <>
      <section class={`sentence ${level === 'good' ? '' : level}`} aria-label="Status">
        <p>
          <Status level={level}>{label}</Status>
          {since !== null && (
            <>
              {' '}
              since <At time={since} /> (<For since={since} />)
            </>
          )}
          {waiting > 0 && `; ${countText(waiting, 'message waits', 'messages wait')}`}
        </p>
        {detail !== null && <p class="detail">{detail}</p>}
        {mayChange ? (
          <SessionActions session={session} onDone={onDone} />
        ) : (
          <p class="help">{ADMIN_ONLY_NOTE}</p>
        )}
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
            ['Messages waiting', String(waiting)],
            ...(session.restricted_until === null
              ? []
              : [['Cannot start new chats until', <At time={session.restricted_until} />] as const]),
            ['Created', <At time={session.created_at} />],
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

/** Announces a changed status, and shows a notice when the session begins to work. */
function useStatusAnnouncement({ id, status }: Session, label: string): void {
  const before = useRef(status);
  useEffect(() => {
    if (before.current === status) return;
    before.current = status;
    if (status === 'WORKING') notify(`${id} is working`);
    else announce(`${id}: ${label}`);
  }, [status]);
}

const MAX_SHOWN = 20;

function Changes({ session: { changes } }: { session: Session }) {
  if (changes.length === 0) return <p class="quiet">No changes recorded yet.</p>;
  return (
    <ol class="changes" aria-label="Changes, the latest first">
      {changes
        .toReversed()
        .slice(0, MAX_SHOWN)
        .map(({ at, status, reason }) => {
          const { level, label } = statusOf(status, reason);
          return (
            <li key={`${at} ${status} ${reason}`}>
              <At time={at} />
              <Status level={level}>{label}</Status>
              {reason !== null && <code>{reason}</code>}
            </li>
          );
        })}
    </ol>
  );
}
