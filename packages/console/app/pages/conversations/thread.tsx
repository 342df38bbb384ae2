import { useEffect, useRef } from 'preact/hooks';
import { Failed, Loading } from '../../kit/empty.tsx';
import { api } from '../../lib/api.ts';
import { countText } from '../../lib/format.ts';
import { isSeen } from '../../lib/live.ts';
import { say } from '../../lib/say.ts';
import { useResource } from '../../lib/use-resource.ts';
import { Actions } from './actions.tsx';
import { reader, readAgain, version } from './changes.ts';
import { Composer } from './composer.tsx';
import { nameOf, numberOf } from './contact.ts';
import type { Conversation, Message } from './records.ts';
import { linkTo } from './row.tsx';
import { ThreadLog, useReadingPlace } from './thread-log.tsx';
import { useThread } from './use-thread.ts';
import { clip, holderText, isHeldByOther } from './words.ts';

/** Spoken of one message. */
const SPOKEN_CHARACTERS = 140;

/** One conversation. Its `key` is the id: another one begins with nothing of this one. */
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
      {chat && <Talk chat={chat} onLeave={() => heading.current?.focus()} />}
    </>
  );
}

function Talk({ chat, onLeave }: { chat: Conversation; onLeave: () => void }) {
  const place = useReadingPlace();
  const customer = nameOf(chat);
  const thread = useThread(chat.id, version.value, (fresh) => {
    place.came(fresh.length);
    speak(fresh, customer);
  });
  useMarkRead(chat, place.isAtEnd.value && isSeen.value);
  useHolderSpoken(chat);
  return (
    <>
      <ThreadLog thread={thread} place={place} customer={customer} />
      <Actions chat={chat} waiting={thread.waiting.value} />
      <Foot chat={chat} onSent={place.toEnd} onLeave={onLeave} />
    </>
  );
}

function Foot(props: { chat: Conversation; onSent: () => void; onLeave: () => void }) {
  const { chat } = props;
  if (chat.channel !== 'whatsapp' || chat.session_id === null)
    return <p class="composer-note quiet">Nothing can be written here: it has no WhatsApp session.</p>;
  const { opted_out_at: outAt, last_inbound_at: wroteAt } = chat;
  if (outAt !== null && (wroteAt === null || Date.parse(wroteAt) <= Date.parse(outAt)))
    return (
      <p class="composer-note quiet">
        The customer wants no more messages. You can answer once the customer writes again, or is opted in.
      </p>
    );
  return <Composer {...props} />;
}

function speak(fresh: readonly Message[], customer: string): void {
  const written = fresh.filter(({ direction }) => direction === 'inbound');
  const [one] = written;
  if (one === undefined) return;
  say(
    written.length === 1
      ? `${customer}: ${clip(one.text, SPOKEN_CHARACTERS)}`
      : `${countText(written.length, 'new message')} from ${customer}`,
  );
}

/** What is looked at is read. */
function useMarkRead(chat: Conversation, isLookedAt: boolean): void {
  useEffect(() => {
    if (!chat.unread || !isLookedAt) return;
    // One that failed is tried with the next message.
    api('POST', `api/conversations/${encodeURIComponent(chat.id)}/read`).then(readAgain, () => {});
  }, [chat.unread, chat.last_inbound_at, isLookedAt]);
}

/** Somebody else took it while it was open. */
function useHolderSpoken(chat: Conversation): void {
  const isOther = isHeldByOther(chat, reader.value);
  const before = useRef(isOther);
  useEffect(() => {
    if (isOther && !before.current) say(`${holderText(chat, reader.value)} has this chat now`);
    before.current = isOther;
  }, [isOther, chat.person_id]);
}
