import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { Button } from '../../kit/button.tsx';
import { Confirm } from '../../kit/dialog.tsx';
import { api } from '../../lib/api.ts';
import { countText } from '../../lib/format.ts';
import { go, href } from '../../lib/router.ts';
import { notify } from '../../lib/notifications.ts';
import { type Session, pathOf } from './records.ts';

type Question = 'stop' | 'logout' | 'delete';

/** An action may have to wait for the replica that serves the session. */
const TIME_LIMIT_MS = 35_000;

/** The actions on a session. */
export function SessionActions({ session, onDone }: { session: Session; onDone: () => void }) {
  const question = useSignal<Question | undefined>(undefined);
  const { id, status, reason } = session;
  const act = async (action: string, done: string): Promise<void> => {
    await api('POST', `${pathOf(id)}/${action}`, { limitMs: TIME_LIMIT_MS });
    notify(`${id} ${done}`);
    onDone();
  };
  const isInactive = status === 'FAILED' || status === 'STOPPED';
  const isToBePaired = reason === 'logged_out' || session.phone_number === null;
  const ask = (next: Question) => () => (question.value = next);
  return (
    <>
      <div class="actions">
        {isInactive && (
          <Button kind="primary" onPress={() => act('start', 'is starting')}>
            {isToBePaired ? 'Start and pair' : 'Start'}
          </Button>
        )}
        {!isInactive && <Button onPress={() => act('restart', 'is restarting')}>Restart</Button>}
        {session.wanted === 'started' && <Button onPress={ask('stop')}>Stop …</Button>}
        {session.phone_number !== null && reason !== 'logged_out' && (
          <Button onPress={ask('logout')}>Log out …</Button>
        )}
        <Button onPress={ask('delete')}>Delete …</Button>
      </div>
      {question.value !== undefined && (
        <Ask
          question={question.value}
          session={session}
          onClose={() => (question.value = undefined)}
          onYes={async () => {
            if (question.value === 'stop') await act('stop', 'is stopped');
            if (question.value === 'logout') await act('logout', 'is logged out');
            if (question.value === 'delete') {
              await api('DELETE', pathOf(id), { limitMs: TIME_LIMIT_MS });
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
  const waitingNote =
    waiting > 0 ? (
      <p>
        <strong>{countText(waiting, 'message waits', 'messages wait')}</strong> to be sent from it.
      </p>
    ) : null;
  const questions: Record<Question, { title: string; yes: string; consequences: ComponentChildren }> = {
    stop: {
      title: `Stop ${id}?`,
      yes: 'Stop it',
      consequences: (
        <p>
          No messages come in or go out until it is started again. It stays paired; WhatsApp keeps what
          customers write meanwhile and delivers it then.
        </p>
      ),
    },
    logout: {
      title: `Log ${id} out?`,
      yes: 'Log it out',
      consequences: (
        <p>
          It is unlinked from the account and stops. Its keys are lost: to use it again, somebody has to scan
          a new QR code with the phone. Its conversations stay here.
        </p>
      ),
    },
    delete: {
      title: `Delete ${id}?`,
      yes: 'Delete it',
      consequences: (
        <p>
          It is unlinked from the account, and its name, keys and history are lost for good. Its conversations
          stay here, but nobody can write in them any more.
        </p>
      ),
    },
  };
  const { title, yes, consequences } = questions[question];
  return (
    <Confirm title={title} yes={yes} isDangerous={question !== 'stop'} onYes={onYes} onClose={onClose}>
      {consequences}
      {waitingNote}
    </Confirm>
  );
}
