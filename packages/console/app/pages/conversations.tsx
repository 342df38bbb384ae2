import { Empty } from '../kit/empty.tsx';
import { liveValue } from '../lib/live.ts';
import { type PageDefinition, seesRecords } from '../lib/page.ts';
import '../styles/conversations.css';
import { startAlerts } from './conversations/alerts.ts';
import { KeyHelp, useKeys } from './conversations/keys.tsx';
import { ChatList } from './conversations/list.tsx';
import { useVisibleHeight } from './conversations/visible-height.ts';
import { Thread } from './conversations/thread.tsx';

startAlerts();

export const page: PageDefinition = {
  path: 'conversations',
  title: 'Conversations',
  order: 10,
  seenBy: seesRecords,
  View: Conversations,
  badge: () => liveValue('chats')?.waiting ?? null,
};

function Conversations({ parts: [openId] }: { parts: readonly string[] }) {
  useKeys(openId);
  useVisibleHeight();
  return (
    <div class={`chats ${openId === undefined ? '' : 'open'}`}>
      <h1 class="visually-hidden">Conversations</h1>
      <ChatList openId={openId} />
      <section class="chat-thread" aria-label="Chat">
        {openId === undefined ? (
          <Empty title="No chat is open">
            <p>Choose one from the list.</p>
          </Empty>
        ) : (
          <Thread key={openId} id={openId} />
        )}
      </section>
      <KeyHelp />
    </div>
  );
}
