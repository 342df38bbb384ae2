import { For } from '../../kit/time.tsx';
import { Status } from '../../kit/status.tsx';
import { countText } from '../../lib/format.ts';
import { liveValue } from '../../lib/live.ts';
import { href } from '../../lib/router.ts';

/** How many chats wait for a person. */
export function ChatsSummary() {
  const chats = liveValue('chats');
  if (chats === null) return null;
  return (
    <section class="card row spread" aria-label="Chats">
      <Status level={chats.waiting > 0 ? 'warn' : 'good'}>
        {chats.waiting === 0 ? (
          'No chat is waiting for a person'
        ) : (
          <>
            {countText(chats.waiting, 'chat is waiting', 'chats are waiting')} for a person
            {chats.waiting_since !== null && (
              <>
                , the longest for <For since={chats.waiting_since} />
              </>
            )}
          </>
        )}
      </Status>
      <span>{countText(chats.person, 'chat')} with a person</span>
      <a href={href(['conversations'])}>Conversations</a>
    </section>
  );
}
