import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { Button } from '../../kit/button.tsx';
import { Confirm } from '../../kit/dialog.tsx';
import { api } from '../../lib/api.ts';
import { countText } from '../../lib/format.ts';
import { go, href } from '../../lib/router.ts';
import { notify } from '../../lib/say.ts';
import { type Session, pathOf } from './records.ts';

type Question = 'stop' | 'logout' | 'delete';

/** An action may wait for the replica that holds the session. */
const LIMIT_MS = 35_000;

/** What can be done with a session: start first where it stands still. */
export function SessionActions({ session, onDone }: { session: Session; onDone: () => void }) {
  const asked = useSignal<Question | undefined>(undefined);
  const { id, status, reason } = session;
  const act = async (action: string, done: string): Promise<void> => {
    await api('POST', `${pathOf(id)}/${action}`, { limitMs: LIMIT_MS });
    notify(`${id} ${done}`);
    onDone();
  };
  const standsStill = status === 'FAILED' || status === 'STOPPED';
  const isToBePaired = reason === 'logged_out' || session.phone_number === null;
  const ask = (question: Question) => () => (asked.value = question);
  return (
    <>
      <div class="actions">
        {standsStill && (
          <Button kind="primary" onPress={() => act('start', 'is started')}>
            {isToBePaired ? 'Start and pair' : 'Start'}
          </Button>
        )}
        {!standsStill && <Button onPress={() => act('restart', 'is restarted')}>Restart</Button>}
        {session.wanted === 'started' && <Button onPress={ask('stop')}>Stop …</Button>}
        {session.phone_number !== null && reason !== 'logged_out' && (
          <Button onPress={ask('logout')}>Log out …</Button>
        )}
        <Button onPress={ask('delete')}>Delete …</Button>
      </div>
      {asked.value !== undefined && (
        <Ask
          question={asked.value}
          session={session}
          onClose={() => (asked.value = undefined)}
          onYes={async () => {
            if (asked.value === 'stop') await act('stop', 'is stopped');
            if (asked.value === 'logout') await act('logout', 'is logged out');
            if (asked.value === 'delete') {
              await api('DELETE', pathOf(id), { limitMs: LIMIT_MS });
              notify(`${id} is deleted`);
              go(href(['whatsapp']));
            }
          }}
        />
      )}
    </>
  );
}

function Ask({
  question,
  session: { id, waiting },
  onYes,
  onClose,
}: {
  question: Question;
  session: Session;
  onYes: () => Promise<void>;
  onClose: () => void;
}) {
  const waits =
    waiting > 0 ? (
      <p>
        <strong>{countText(waiting, 'message waits', 'messages wait')}</strong> to be sent from it.
      </p>
    ) : null;
  const questions: Record<Question, { title: string; yes: string; lost: ComponentChildren }> = {
    stop: {
      title: `Stop ${id}?`,
      yes: 'Stop it',
      lost: (
        <p>
          No message comes in or goes out until it is started again. It stays paired; WhatsApp keeps what
          customers write meanwhile and delivers it then.
        </p>
      ),
    },
    logout: {
      title: `Log ${id} out?`,
      yes: 'Log it out',
      lost: (
        <p>
          It is taken off the account and stops. Its keys are lost: to use it again somebody has to scan a new
          QR code with the phone. Its conversations stay here.
        </p>
      ),
    },
    delete: {
      title: `Delete ${id}?`,
      yes: 'Delete it',
      lost: (
        <p>
          It is taken off the account, and its name, its keys and its history of states are lost for good. Its
          conversations stay here, but nobody can write in them any more.
        </p>
      ),
    },
  };
  const { title, yes, lost } = questions[question];
  return (
    <Confirm title={title} yes={yes} isDangerous={question !== 'stop'} onYes={onYes} onClose={onClose}>
      {lost}
      {waits}
    </Confirm>
  );
}
