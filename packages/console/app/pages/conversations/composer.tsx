import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { Confirm } from '../../kit/dialog.tsx';
import { ApiError, api, get } from '../../lib/api.ts';
import { numberText } from '../../lib/format.ts';
import { currentPerson, refreshPage } from './changes.ts';
import { type Draft, newKey, readDraft, storeDraft } from './draft.ts';
import type { Conversation } from './records.ts';
import { holderText, isHeldByOther } from './text.ts';

/** The limit of the REST api. */
const MAX_CHARACTERS = 4096;
/** The number of characters is shown from here on. */
const COUNTER_FROM = 3500;

/** Without a keyboard Enter is a new line, and the button sends. */
const hasKeyboard = (): boolean => !matchMedia('(pointer: coarse)').matches;

const NO_RESPONSE =
  'No answer came. Your text is kept. Send it again when the connection is back: it will not arrive twice.';

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
  /** The conversation as somebody else holds it, while the dialog asks whether to send anyway. */
  const conflict = useSignal<Conversation | undefined>(undefined);
  const field = useRef<HTMLTextAreaElement>(null);
  const isOther = isHeldByOther(chat, currentPerson.value);

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
    refreshPage();
    onSent();
  };
  const guarded = async (send: () => Promise<void>): Promise<void> => {
    if (isBusy.value || draft.value.text.trim() === '' || draft.value.text.length > MAX_CHARACTERS) return;
    isBusy.value = true;
    problem.value = '';
    try {
      await send();
    } catch (error) {
      problem.value =
        error instanceof ApiError ? (error.status === 0 ? NO_RESPONSE : error.message) : String(error);
    } finally {
      isBusy.value = false;
      field.current?.focus();
    }
  };
  const send = (): Promise<void> =>
    guarded(async () => {
      // Somebody else may have taken it meanwhile.
      const current = await get<Conversation>(`api/conversations/${chat.id}`);
      if (isHeldByOther(current, currentPerson.value)) conflict.value = current;
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
          <bdi>{holderText(chat, currentPerson.value)}</bdi> has this chat. Sending a message takes it over.
        </p>
      )}
      {problem.value !== '' && (
        <p class="composer-note bad" role="alert">
          {problem.value}
        </p>
      )}
      {text.length > COUNTER_FROM && (
        <p class={`composer-note ${text.length > MAX_CHARACTERS ? 'bad' : 'quiet'}`}>
          {numberText(text.length)} of {numberText(MAX_CHARACTERS)} characters
          {text.length > MAX_CHARACTERS && ': too long for one message'}
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
          disabled={text.trim() === '' || text.length > MAX_CHARACTERS}
        >
          Send
        </button>
      </div>
      {conflict.value && (
        <Confirm
          title="Somebody else has this chat"
          yes="Send anyway"
          onYes={() => guarded(post)}
          onClose={() => (conflict.value = undefined)}
        >
          <p>
            <bdi>{holderText(conflict.value, currentPerson.value)}</bdi> has this chat. If you send, it
            becomes yours.
          </p>
        </Confirm>
      )}
    </form>
  );
}
