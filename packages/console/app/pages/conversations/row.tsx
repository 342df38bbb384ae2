import { At, For } from '../../kit/time.tsx';
import { Status } from '../../kit/status.tsx';
import { href, location } from '../../lib/router.ts';
import { currentPerson } from './changes.ts';
import { nameOf } from './contact.ts';
import type { Conversation } from './records.ts';
import { previewPrefix, stateText, waitingText } from './text.ts';

/** The address of a conversation. It keeps the filters of the list. */
export const linkTo = (id: string | undefined): string =>
  href(['conversations', ...(id === undefined ? [] : [id])], Object.fromEntries(location.value.query));

export function Row({ chat, isOpen }: { chat: Conversation; isOpen: boolean }) {
  const { last_message: last } = chat;
  const isFailed = last?.status === 'failed' || last?.status === 'undelivered';
  return (
    <a
      class={`chat-row ${chat.unread ? 'unread' : ''} ${chat.state}`}
      href={linkTo(chat.id)}
      data-chat={chat.id}
      aria-current={isOpen ? 'true' : undefined}
    >
      <span class="chat-row-line">
        <span class="chat-name" dir="auto">
          {nameOf(chat)}
        </span>
        <span class="chat-when quiet">
          {chat.last_message_at !== null && <At time={chat.last_message_at} />}
        </span>
      </span>
      <span class="chat-row-line">
        <span class="chat-preview quiet" dir="auto">
          {last === null ? '\u00A0' : `${previewPrefix(last.author)}${last.text}`}
        </span>
        <span class="chat-tags">
          {isFailed && <Status level="bad">failed</Status>}
          {chat.opted_out_at !== null && <span class="tag">opted out</span>}
          {chat.unread && <span class="unread-mark">unread</span>}
        </span>
      </span>
      {chat.state !== 'agent' && <State chat={chat} />}
    </a>
  );
}

function State({ chat }: { chat: Conversation }) {
  const { level, text } = stateText(chat, currentPerson.value);
  return (
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
      {chat.state === 'waiting' && <span class="quiet">{waitingText(chat.state_reason)}</span>}
    </span>
  );
}
