import { useSignal } from '@preact/signals';
import { Button } from '../../kit/button.tsx';
import { Empty } from '../../kit/empty.tsx';
import { ListView } from '../../kit/list-view.tsx';
import { OnlyWrong, isOnlyWrong } from '../../kit/only-wrong.tsx';
import { Status } from '../../kit/status.tsx';
import { Strip } from '../../kit/strip.tsx';
import { Ago, For } from '../../kit/time.tsx';
import { me, withQuery } from '../../lib/api.ts';
import { countText } from '../../lib/format.ts';
import { isAdmin } from '../../lib/page.ts';
import { href } from '../../lib/router.ts';
import { statusOf } from '../../lib/session-text.ts';
import { useList } from '../../lib/use-list.ts';
import { CreateSession } from './create.tsx';
import { type Session, numberText, sessionsVersion, stripOf } from './records.ts';

export function SessionList() {
  const isCreating = useSignal(false);
  const mayChange = me.value ? isAdmin(me.value) : false;
  const isWrong = isOnlyWrong();
  const list = useList<Session>(withQuery('api/sessions', { wrong: isWrong || undefined }), {
    keyOf: ({ id }) => id,
    version: sessionsVersion(),
  });
  const create = mayChange && (
    <Button kind="primary" onPress={() => (isCreating.value = true)}>
      New session
    </Button>
  );
  return (
    <div class="stack">
      <div class="row spread">
        <h1>WhatsApp</h1>
        <div class="row">
          <OnlyWrong />
          {list.items.value?.length !== 0 && create}
        </div>
      </div>
      <ListView
        list={list}
        label="WhatsApp sessions"
        keyOf={({ id }) => id}
        row={(session) => <Row session={session} />}
        empty={
          isWrong ? (
            <Empty title="Nothing is wrong">
              <p>Every started session is working.</p>
            </Empty>
          ) : (
            <Empty title="No WhatsApp session yet">
              <p>
                A session is one WhatsApp account that customers write to.{' '}
                {mayChange ? 'Create one, then scan its QR code with the phone.' : ADMIN_ONLY_NOTE}
              </p>
              {create}
            </Empty>
          )
        }
      />
      {isCreating.value && <CreateSession onClose={() => (isCreating.value = false)} />}
    </div>
  );
}

export const ADMIN_ONLY_NOTE = 'Only an admin key can create, pair, start and stop sessions.';

function Row({ session }: { session: Session }) {
  const { id, status, reason, detail, since, phone_number: number, waiting } = session;
  const { level, label } = statusOf(status, reason);
  return (
    <div class="session-row">
      <div class="session-name">
        <a href={href(['whatsapp', id])}>{id}</a>
        <span class="quiet">{numberText(number)}</span>
      </div>
      <div class="session-state">
        <span>
          <Status level={level}>{label}</Status>
          {since !== null && (
            <span class="quiet">
              {' '}
              for <For since={since} />
            </span>
          )}
        </span>
        {level !== 'good' && detail !== null && <span class="help">{detail}</span>}
      </div>
      <div class="session-traffic quiet">
        <span>in: {session.last_inbound_at === null ? 'never' : <Ago time={session.last_inbound_at} />}</span>
        <span>
          out: {session.last_outbound_at === null ? 'never' : <Ago time={session.last_outbound_at} />}
        </span>
        {waiting > 0 && (
          <span class="status warn">{countText(waiting, 'message waits', 'messages wait')}</span>
        )}
      </div>
      <Strip changes={stripOf(session)} hours={24} label={`The last day of ${id}`} />
    </div>
  );
}
