import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { Button } from '../../kit/button.tsx';
import { Confirm } from '../../kit/dialog.tsx';
import { Failed, Loading } from '../../kit/empty.tsx';
import { Status } from '../../kit/status.tsx';
import { At, For } from '../../kit/time.tsx';
import { withQuery } from '../../lib/api.ts';
import { countText } from '../../lib/format.ts';
import { notify } from '../../lib/notifications.ts';
import { useResource } from '../../lib/use-resource.ts';
import type { Page } from '../../lib/use-list.ts';
import { act, currentPerson } from './changes.ts';
import type { Conversation } from './records.ts';
import { holderText, isHeldByOther, isMine, stateText, waitingText } from './text.ts';

type OpenDialog = 'take' | 'give-back' | 'close' | 'assign' | 'opt-in';

/** Who answers, until when, and the actions on a chat. Placed next to the composer, where a thumb reaches them. */
export function Actions({ chat, waiting }: { chat: Conversation; waiting: number | undefined }) {
  const dialog = useSignal<OpenDialog | undefined>(undefined);
  const unanswered = waiting ?? 0;
  const close = (): void => {
    dialog.value = undefined;
  };
  const { state } = chat;
  const isOther = isHeldByOther(chat, currentPerson.value);
  const mayGiveBack =
    (state === 'waiting' || state === 'person') && !(isOther && currentPerson.value?.role === 'staff');
  const takeOver = async (): Promise<void> => {
    await act(chat.id, 'take-over');
    notify('The chat is yours');
  };
  return (
    <div class="chat-actions">
      <Holder chat={chat} />
      <div class="actions">
        {state !== 'person' && (
          <Button kind={state === 'waiting' ? 'primary' : 'plain'} onPress={takeOver}>
            Take over
          </Button>
        )}
        {isOther && <Button onPress={() => (dialog.value = 'take')}>Take it</Button>}
        {mayGiveBack && (
          <Button
            // Until then it is not known how many messages stay unanswered.
            disabled={waiting === undefined}
            onPress={() => (unanswered > 0 ? (dialog.value = 'give-back') : giveBack(chat))}
          >
            Give back
          </Button>
        )}
        {state === 'closed' && (
          <Button
            onPress={async () => {
              await act(chat.id, 'reopen');
              notify('The agent answers again');
            }}
          >
            Reopen
          </Button>
        )}
        <details class="chat-more">
          <summary class="button">More</summary>
          <div
            class="menu"
            onClick={({ currentTarget }) => currentTarget.closest('details')!.removeAttribute('open')}
          >
            <Button onPress={() => (dialog.value = 'assign')}>Assign …</Button>
            {state !== 'closed' && <Button onPress={() => (dialog.value = 'close')}>Close …</Button>}
            {chat.opted_out_at !== null && (
              <Button onPress={() => (dialog.value = 'opt-in')}>Opt in …</Button>
            )}
          </div>
        </details>
      </div>
      {dialog.value === 'take' && (
        <Confirm
          title="Take the chat?"
          yes="Take it"
          onYes={async () => {
            const who = currentPerson.value;
            // A chat that another person holds can only be assigned.
            if (who === null) await act(chat.id, 'take-over');
            else await act(chat.id, 'assign', { person_id: who.id });
            notify('The chat is yours');
          }}
          onClose={close}
        >
          <p>
            <bdi>{holderText(chat, currentPerson.value)}</bdi> answers it now.
          </p>
        </Confirm>
      )}
      {dialog.value === 'give-back' && (
        <Confirm title="Give it back?" yes="Give back" onYes={() => giveBack(chat)} onClose={close}>
          <Unanswered count={unanswered} />
        </Confirm>
      )}
      {dialog.value === 'close' && (
        <Confirm
          title="Close the chat?"
          yes="Close"
          onYes={async () => {
            await act(chat.id, 'close');
            notify('Closed');
          }}
          onClose={close}
        >
          <p>Nobody answers it until the customer writes again.</p>
          {unanswered > 0 && <Unanswered count={unanswered} />}
        </Confirm>
      )}
      {dialog.value === 'assign' && <Assign chat={chat} onClose={close} />}
      {dialog.value === 'opt-in' && <OptIn chat={chat} onClose={close} />}
    </div>
  );
}

async function giveBack(chat: Conversation): Promise<void> {
  await act(chat.id, 'give-back');
  notify('The agent answers again');
}

const Unanswered = ({ count }: { count: number }) => (
  <p>{countText(count, 'message is waiting', 'messages are waiting')} for an answer and will not get one.</p>
);

function Holder({ chat }: { chat: Conversation }) {
  const { level, text } = stateText(chat, currentPerson.value);
  return (
    <p class="chat-holder">
      <Status level={level}>{isMine(chat, currentPerson.value) ? 'yours' : text}</Status>{' '}
      {chat.state === 'waiting' && (
        <span>
          since <At time={chat.state_since} /> (<For since={chat.state_since} />
          ): {waitingText(chat.state_reason)}
        </span>
      )}
      {chat.state === 'agent' && 'answers'}
      {chat.state === 'closed' && 'until the customer writes again'}
      {chat.state === 'person' && chat.person_until !== null && (
        <span>
          until <At time={chat.person_until} />
        </span>
      )}
      {chat.opted_out_at !== null && (
        <span class="tag">
          opted out <At time={chat.opted_out_at} />
        </span>
      )}
    </p>
  );
}

function Assign({ chat, onClose }: { chat: Conversation; onClose: () => void }) {
  const business = chat.business_id;
  const people = useResource<Page<{ id: string; name: string; role: string }>>(
    withQuery('api/people/names', { business, limit: 200 }),
  );
  const chosen = useSignal('');
  const id = useId();
  const names = people.data.value?.items.filter((one) => one.id !== chat.person_id);
  return (
    <Confirm
      title="Assign the chat"
      yes="Assign"
      isReady={chosen.value !== ''}
      onYes={async () => {
        const { person_name: name } = await act(chat.id, 'assign', { person_id: chosen.value });
        notify(`${name ?? 'Somebody'} has the chat`);
      }}
      onClose={onClose}
    >
      <Failed error={people.error.value} onRetry={people.reload} />
      {names === undefined && people.error.value === undefined && <Loading rows={1} />}
      {names?.length === 0 && <p>There is nobody else to assign it to.</p>}
      {names !== undefined && names.length > 0 && (
        <div class="field">
          <label for={id}>To</label>
          <select
            id={id}
            value={chosen.value}
            onChange={({ currentTarget }) => (chosen.value = currentTarget.value)}
          >
            <option value="">Choose …</option>
            {names.map((one) => (
              <option key={one.id} value={one.id}>
                {one.name} ({one.role})
              </option>
            ))}
          </select>
        </div>
      )}
    </Confirm>
  );
}

function OptIn({ chat, onClose }: { chat: Conversation; onClose: () => void }) {
  const reason = useSignal('');
  const id = useId();
  return (
    <Confirm
      title="The customer wants messages again?"
      yes="Opt in"
      isReady={reason.value.trim() !== ''}
      onYes={async () => {
        await act(chat.id, 'opt-in', { reason: reason.value.trim() });
        notify('Messages may be sent again');
      }}
      onClose={onClose}
    >
      <div class="field">
        <label for={id}>How you know this, for the record</label>
        <textarea
          id={id}
          maxLength={500}
          rows={2}
          dir="auto"
          value={reason.value}
          onInput={({ currentTarget }) => (reason.value = currentTarget.value)}
        />
      </div>
    </Confirm>
  );
}
