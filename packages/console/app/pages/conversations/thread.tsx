import { useEffect, useRef } from 'preact/hooks';
import { Failed, Loading } from '../../kit/empty.tsx';
import { api } from '../../lib/api.ts';
import { countText } from '../../lib/format.ts';
import { isPageVisible } from '../../lib/live.ts';
import { announce } from '../../lib/notifications.ts';
import { useResource } from '../../lib/use-resource.ts';
import { Actions } from './actions.tsx';
import { currentPerson, refreshPage, version } from './changes.ts';
import { Composer } from './composer.tsx';
import { nameOf, numberOf } from './contact.ts';
import type { Conversation, Message } from './records.ts';
import { linkTo } from './row.tsx';
import { ThreadLog, useScrollPosition } from './thread-log.tsx';
import { useThread } from './use-thread.ts';
import { clip, holderText, isHeldByOther } from './text.ts';

/** Characters of a message that a screen reader announces. */
const ANNOUNCED_CHARACTERS = 140;

/** One conversation. Use the id as `key`, so that another conversation starts with fresh state. */
export function Thread({ id }: { id: string }) {
  const { data, error, reload } = useResource<Conversation>(
    `api/conversations/${encodeURIComponent(id)}`,
    version.value,
  );
  const chat = data.value;
  const name = chat === undefined ? '' : nameOf(chat);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (chat !== undefined && document.activeElement?.id !== 'composer')
      heading.current?.focus({ preventScroll: true });
  }, [chat === undefined]);
  return (
    <>
      <header class="thread-head">
        <a class="button thread-back" href={linkTo(undefined)} aria-label="Back to the list">
          ←
        </a>
        <h2 ref={heading} id="chat-heading" tabIndex={-1} dir="auto">
          {name === '' ? 'Conversation' : name}
        </h2>
        {chat && (
          <span class="quiet thread-number">
            {name !== numberOf(chat.contact) && numberOf(chat.contact)}
            {chat.session_id !== null && ` · ${chat.session_id}`}
          </span>
        )}
      </header>
      <Failed error={error.value} onRetry={reload} />
      {chat === undefined && error.value === undefined && <Loading rows={6} />}
      {chat && <ChatBody chat={chat} onLeave={() => heading.current?.focus()} />}
    </>
  );
}

function ChatBody({ chat, onLeave }: { chat: Conversation; onLeave: () => void }) {
  const place = useScrollPosition();
  const customer = nameOf(chat);
  const thread = useThread(chat.id, version.value, (fresh) => {
    place.messagesArrived(fresh.length);
    announceMessages(fresh, customer);
  });
  useMarkRead(chat, place.isAtEnd.value && isPageVisible.value);
  useHolderAnnouncement(chat);
  return (
    <>
      <ThreadLog thread={thread} place={place} customer={customer} />
      <Actions chat={chat} waiting={thread.waiting.value} />
      <ComposerOrNotice chat={chat} onSent={place.toEnd} onLeave={onLeave} />
    </>
  );
}

function ComposerOrNotice(props: { chat: Conversation; onSent: () => void; onLeave: () => void }) {
  const { chat } = props;
  if (chat.channel !== 'whatsapp' || chat.session_id === null)
    return <p class="composer-note quiet">You cannot write here: this chat has no WhatsApp session.</p>;
  const { opted_out_at: outAt, last_inbound_at: wroteAt } = chat;
  if (outAt !== null && (wroteAt === null || Date.parse(wroteAt) <= Date.parse(outAt)))
    return (
      <p class="composer-note quiet">
        The customer wants no more messages. You can answer once the customer writes again or is opted in.
      </p>
    );
  return <Composer {...props} />;
}

function announceMessages(fresh: readonly Message[], customer: string): void {
  const written = fresh.filter(({ direction }) => direction === 'inbound');
  const [one] = written;
  if (one === undefined) return;
  announce(
    written.length === 1
      ? `${customer}: ${clip(one.text, ANNOUNCED_CHARACTERS)}`
      : `${countText(written.length, 'new message')} from ${customer}`,
  );
}

/** Marks the conversation as read while it is visible. */
function useMarkRead(chat: Conversation, isVisible: boolean): void {
  useEffect(() => {
    if (!chat.unread || !isVisible) return;
    // A failure is tried again with the next message.
    api('POST', `api/conversations/${encodeURIComponent(chat.id)}/read`).then(refreshPage, () => {});
  }, [chat.unread, chat.last_inbound_at, isVisible]);
}

/** Announces that somebody else has taken the open conversation. */
function useHolderAnnouncement(chat: Conversation): void {
  const isOther = isHeldByOther(chat, currentPerson.value);
  const before = useRef(isOther);
  useEffect(() => {
    if (isOther && !before.current) announce(`${holderText(chat, currentPerson.value)} has this chat now`);
    before.current = isOther;
  }, [isOther, chat.person_id]);
}
