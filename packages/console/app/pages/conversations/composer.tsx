import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { Confirm } from '../../kit/dialog.tsx';
import { ApiError, api, get } from '../../lib/api.ts';
import { numberText } from '../../lib/format.ts';
import { reader, readAgain } from './changes.ts';
import { type Draft, newKey, readDraft, storeDraft } from './draft.ts';
import type { Conversation } from './records.ts';
import { holderText, isHeldByOther } from './words.ts';

/** The most that REST takes. */
const MOST_CHARACTERS = 4096;
const TOLD_FROM = 3500;

/** On a phone Enter is a new line: there is a button for the thumb. */
const hasKeyboard = (): boolean => !matchMedia('(pointer: coarse)').matches;

const noAnswer =
  'No answer came. The text is kept here: send it again when the connection is back, it arrives once in any case.';

export function Composer({
  chat,
  onSent,
  onLeave,
}: {
  chat: Conversation;
  onSent: () => void;
  onLeave: () => void;
}) {
  const draft = useSignal<Draft>(readDraft(chat.id));
  const problem = useSignal('');
  const isBusy = useSignal(false);
  /** Who has the conversation, as the question says that comes before sending. */
  const asked = useSignal<Conversation | undefined>(undefined);
  const field = useRef<HTMLTextAreaElement>(null);
  const isOther = isHeldByOther(chat, reader.value);

  const change = (next: Draft): void => {
    draft.value = next;
    storeDraft(chat.id, next);
  };
  const post = async (): Promise<void> => {
    const { text, key = newKey() } = draft.value;
    change({ text, key });
    await api('POST', 'api/messages', {
      body: { conversation_id: chat.id, text },
      headers: { 'idempotency-key': key },
    });
    change({ text: '' });
    readAgain();
    onSent();
  };
  const guarded = async (send: () => Promise<void>): Promise<void> => {
    if (isBusy.value || draft.value.text.trim() === '' || draft.value.text.length > MOST_CHARACTERS) return;
    isBusy.value = true;
    problem.value = '';
    try {
      await send();
    } catch (error) {
      problem.value =
        error instanceof ApiError ? (error.status === 0 ? noAnswer : error.message) : String(error);
    } finally {
      isBusy.value = false;
      field.current?.focus();
    }
  };
  const send = (): Promise<void> =>
    guarded(async () => {
      // Somebody else may have taken it a moment ago.
      const current = await get<Conversation>(`api/conversations/${chat.id}`);
      if (isHeldByOther(current, reader.value)) asked.value = current;
      else await post();
    });
  const press = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') onLeave();
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || !hasKeyboard()) return;
    event.preventDefault();
    void send();
  };

  const { text } = draft.value;
  return (
    <form
      class="composer"
      aria-label="Write"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {isOther && (
        <p class="composer-note warn" role="status">
          <span aria-hidden="true">▲ </span>
          <bdi>{holderText(chat, reader.value)}</bdi> has this chat. What you send takes it over.
        </p>
      )}
      {problem.value !== '' && (
        <p class="composer-note bad" role="alert">
          {problem.value}
        </p>
      )}
      {text.length > TOLD_FROM && (
        <p class={`composer-note ${text.length > MOST_CHARACTERS ? 'bad' : 'quiet'}`}>
          {numberText(text.length)} of {numberText(MOST_CHARACTERS)} characters
          {text.length > MOST_CHARACTERS && ': too long for one message'}
        </p>
      )}
      <div class="composer-row">
        <textarea
          ref={field}
          id="composer"
          aria-label="Message"
          placeholder="Write a message"
          dir="auto"
          rows={1}
          value={text}
          readOnly={isBusy.value}
          enterkeyhint={hasKeyboard() ? 'send' : 'enter'}
          onInput={({ currentTarget }) => change({ text: currentTarget.value })}
          onKeyDown={press}
        />
        <button
          type="submit"
          class="button primary"
          aria-busy={isBusy.value}
          disabled={text.trim() === '' || text.length > MOST_CHARACTERS}
        >
          Send
        </button>
      </div>
      {asked.value && (
        <Confirm
          title="Somebody else has this chat"
          yes="Send anyway"
          onYes={() => guarded(post)}
          onClose={() => (asked.value = undefined)}
        >
          <p>
            <bdi>{holderText(asked.value, reader.value)}</bdi> answers here. If you send, the chat is yours.
          </p>
        </Confirm>
      )}
    </form>
  );
}
