import { At, For } from '../../kit/time.tsx';
import { Status } from '../../kit/status.tsx';
import { href, location } from '../../lib/router.ts';
import { reader } from './changes.ts';
import { nameOf, numberOf } from './contact.ts';
import type { Conversation } from './records.ts';
import { stateText, waitingText } from './words.ts';

/** The address of a conversation, with the filters of the list that it was opened from. */
export const linkTo = (id: string | undefined): string =>
  href(['conversations', ...(id === undefined ? [] : [id])], Object.fromEntries(location.value.query));

export function Row({ chat, isOpen }: { chat: Conversation; isOpen: boolean }) {
  const { level, text } = stateText(chat, reader.value);
  const name = nameOf(chat);
  const number = numberOf(chat.contact);
  return (
    <a
      class={`chat-row ${chat.unread ? 'unread' : ''} ${chat.state}`}
      href={linkTo(chat.id)}
      data-chat={chat.id}
      aria-current={isOpen ? 'true' : undefined}
    >
      <span class="chat-row-line">
        <span class="chat-name" dir="auto">
          {name}
        </span>
        <span class="chat-when quiet">
          {chat.last_message_at !== null && <At time={chat.last_message_at} />}
        </span>
      </span>
      <span class="chat-row-line">
        <span class="chat-state">
          <Status level={level}>
            {text}
            {chat.state === 'waiting' && (
              <>
                {' '}
                <For since={chat.state_since} />
              </>
            )}
          </Status>
          <span class="quiet">
            {chat.state === 'waiting' ? waitingText(chat.state_reason) : name === number ? '' : number}
          </span>
        </span>
        <span class="chat-tags">
          {chat.opted_out_at !== null && <span class="tag">opted out</span>}
          {chat.unread && <span class="unread-mark">unread</span>}
        </span>
      </span>
    </a>
  );
}
