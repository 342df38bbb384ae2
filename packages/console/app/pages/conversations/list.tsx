import { useLayoutEffect } from 'preact/hooks';
import { Button } from '../../kit/button.tsx';
import { Empty } from '../../kit/empty.tsx';
import { ListView } from '../../kit/list-view.tsx';
import { isOnlyWrong } from '../../kit/only-wrong.tsx';
import { withQuery } from '../../lib/api.ts';
import { countText } from '../../lib/format.ts';
import { liveValue } from '../../lib/live.ts';
import { href, location } from '../../lib/router.ts';
import { useList } from '../../lib/use-list.ts';
import { localChanges, currentPerson, version } from './changes.ts';
import { searchOf } from './contact.ts';
import { Filters, clearFilters } from './filters.tsx';
import { restoreFocus } from './keys.tsx';
import type { Conversation } from './records.ts';
import { Row } from './row.tsx';

/** The request for the filters in the address. */
function listPath(query: URLSearchParams): string {
  return withQuery('api/conversations', {
    sort: 'waiting',
    state: isOnlyWrong() ? 'waiting' : (query.get('state') ?? undefined),
    unread: query.get('unread') === '1' ? true : undefined,
    person: query.get('mine') === '1' ? currentPerson.value?.id : undefined,
    session: query.get('session') ?? undefined,
    text: searchOf(query.get('text') ?? ''),
  });
}

const keyOf = ({ id }: Conversation): string => id;

export function ChatList({ openId }: { openId: string | undefined }) {
  const { query } = location.value;
  const path = listPath(query);
  // A search reads all messages, so it is not repeated for each new one.
  const list = useList<Conversation>(path, {
    keyOf,
    version: query.get('text') === null ? version.value : localChanges.value,
  });
  // Renders when the list changes, to restore the focus.
  void list.items.value;
  useLayoutEffect(restoreFocus);
  const isNarrowed = path !== listPath(new URLSearchParams());
  return (
    <section class="chat-list" aria-label="List">
      <Filters />
      <Counts />
      <div class="chat-list-rows">
        <ListView
          list={list}
          keyOf={keyOf}
          label="Conversations"
          row={(chat) => <Row chat={chat} isOpen={chat.id === openId} />}
          empty={<EmptyList isNarrowed={isNarrowed} />}
        />
      </div>
    </section>
  );
}

function Counts() {
  const chats = liveValue('chats');
  return (
    <p class="chat-counts quiet">
      {chats === null
        ? '\u00A0'
        : `${countText(chats.waiting, 'chat is waiting', 'chats are waiting')}, ${chats.person} with a person`}
    </p>
  );
}

function EmptyList({ isNarrowed }: { isNarrowed: boolean }) {
  if (isOnlyWrong()) {
    return (
      <Empty title="Nobody is waiting">
        <p>Every customer has an answer.</p>
      </Empty>
    );
  }
  if (isNarrowed) {
    return (
      <Empty title="Nothing matches">
        <Button onPress={clearFilters}>Clear filters</Button>
      </Empty>
    );
  }
  return (
    <Empty title="No conversations yet">
      <p>
        The first one appears as soon as a customer writes. Is{' '}
        <a href={href(['whatsapp'])}>WhatsApp connected</a>?
      </p>
    </Empty>
  );
}
