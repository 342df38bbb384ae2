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
import { doneHere, reader, version } from './changes.ts';
import { searchOf } from './contact.ts';
import { Filters, clearFilters } from './filters.tsx';
import { keepFocus } from './keys.tsx';
import type { Conversation } from './records.ts';
import { Row } from './row.tsx';

/** What the address asks for. */
function listPath(query: URLSearchParams): string {
  return withQuery('api/conversations', {
    sort: 'waiting',
    state: isOnlyWrong() ? 'waiting' : (query.get('state') ?? undefined),
    unread: query.get('unread') === '1' ? true : undefined,
    person: query.get('mine') === '1' ? reader.value?.id : undefined,
    session: query.get('session') ?? undefined,
    text: searchOf(query.get('text') ?? ''),
  });
}

const keyOf = ({ id }: Conversation): string => id;

export function ChatList({ openId }: { openId: string | undefined }) {
  const { query } = location.value;
  const path = listPath(query);
  // A search reads all messages: it is not repeated with each that comes.
  const list = useList<Conversation>(path, {
    keyOf,
    version: query.get('text') === null ? version.value : doneHere.value,
  });
  // Drawn with the list, to give a row its focus back.
  void list.items.value;
  useLayoutEffect(keepFocus);
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
          empty={<Nothing isNarrowed={isNarrowed} />}
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
        : `${countText(chats.waiting, 'chat waits', 'chats wait')}, ${chats.person} with a person`}
    </p>
  );
}

function Nothing({ isNarrowed }: { isNarrowed: boolean }) {
  if (isOnlyWrong()) {
    return (
      <Empty title="Nobody waits">
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
        The first one is here as soon as a customer writes. Is{' '}
        <a href={href(['whatsapp'])}>WhatsApp connected</a>?
      </p>
    </Empty>
  );
}
