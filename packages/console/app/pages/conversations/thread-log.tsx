import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { Button } from '../../kit/button.tsx';
import { Empty, Failed, Loading } from '../../kit/empty.tsx';
import { countText, dayText, exactTime, clockText } from '../../lib/format.ts';
import { now } from '../../lib/live.ts';
import { href } from '../../lib/router.ts';
import { Bubble } from './bubble.tsx';
import { currentPerson } from './changes.ts';
import type { ThreadItem } from './thread-items.ts';
import type { ThreadState } from './use-thread.ts';
import { callText, eventText } from './text.ts';

/** A scroll position this close to the end counts as the end. */
const AT_END_PX = 80;

/** The scroll position in a thread. At the end, new messages are scrolled into view. */
export function useScrollPosition() {
  const log = useRef<HTMLDivElement>(null);
  const isAtEnd = useSignal(true);
  const unseen = useSignal(0);
  const height = useRef(0);
  const oldest = useRef<string | undefined>(undefined);
  const toEnd = (): void => {
    isAtEnd.value = true;
    unseen.value = 0;
    if (log.current) log.current.scrollTop = log.current.scrollHeight;
  };
  return {
    log,
    isAtEnd,
    unseen,
    toEnd,
    messagesArrived: (count: number): void => {
      if (!isAtEnd.value) unseen.value += count;
    },
    scrolled: (): void => {
      if (!log.current) return;
      const { scrollTop, scrollHeight, clientHeight } = log.current;
      isAtEnd.value = scrollHeight - scrollTop - clientHeight < AT_END_PX;
      if (isAtEnd.value) unseen.value = 0;
    },
    /** To be called after rendering. Older messages above do not move the visible ones. */
    rendered: (first: string | undefined): void => {
      const element = log.current;
      if (!element) return;
      if (isAtEnd.value) element.scrollTop = element.scrollHeight;
      else if (oldest.current !== undefined && first !== oldest.current)
        element.scrollTop += element.scrollHeight - height.current;
      oldest.current = first;
      height.current = element.scrollHeight;
    },
    resized: (): void => {
      const element = log.current;
      if (!element) return;
      if (isAtEnd.value) element.scrollTop = element.scrollHeight;
      height.current = element.scrollHeight;
    },
  };
}

export function ThreadLog({
  thread,
  place,
  customer,
}: {
  thread: ThreadState;
  place: ReturnType<typeof useScrollPosition>;
  customer: string;
}) {
  const items = thread.items.value;
  const content = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => place.rendered(items?.find(({ kind }) => kind !== 'day')?.key));
  useEffect(() => {
    // A phone's keyboard makes the log smaller, an unfolded text makes it longer.
    const observer = new ResizeObserver(() => place.resized());
    observer.observe(content.current!);
    observer.observe(place.log.current!);
    return () => observer.disconnect();
  }, []);
  const { unseen } = place;
  return (
    <div class="thread-log-place">
      <div
        class="thread-log"
        ref={place.log}
        role="region"
        aria-label="Messages"
        tabIndex={0}
        onScroll={place.scrolled}
      >
        <div ref={content}>
          <Failed error={thread.error.value} onRetry={thread.refresh} />
          {items === undefined && thread.error.value === undefined && <Loading rows={5} />}
          {thread.hasOlder.value && (
            <div class="more">
              <Button onPress={thread.loadOlder}>Show older</Button>
            </div>
          )}
          {items?.length === 0 && <Empty title="No messages yet" />}
          {items !== undefined && items.length > 0 && (
            <ol class="thread">
              {items.map((item) => (
                <li key={item.key} class={`thread-${item.kind}`}>
                  <Item item={item} customer={customer} />
                </li>
              ))}
            </ol>
          )}
        </div>
      </div>
      {unseen.value > 0 && (
        <div class="thread-unseen">
          <Button kind="primary" onPress={place.toEnd}>
            {countText(unseen.value, 'new message')} ↓
          </Button>
        </div>
      )}
    </div>
  );
}

function Item({ item, customer }: { item: ThreadItem; customer: string }) {
  switch (item.kind) {
    case 'day':
      return <Day at={item.at} />;
    case 'message':
      return <Bubble message={item.message} customer={customer} />;
    case 'event':
      return (
        <p class="line" dir="auto">
          {eventText(item.event, currentPerson.value)} · <Clock at={item.at} />
        </p>
      );
    default:
      return (
        <p class="line call">
          <a href={href(['calls', item.call.id])}>
            <span aria-hidden="true">☎ </span>
            Call
          </a>{' '}
          {callText(item.call)} · <Clock at={item.at} />
        </p>
      );
  }
}

const Clock = ({ at }: { at: string }) => (
  <time dateTime={at} title={exactTime(at)}>
    {clockText(at)}
  </time>
);

/** Renders once a minute, because the text changes at midnight. */
function Day({ at }: { at: string }) {
  const minute = Math.floor(now.value / 60_000) * 60_000;
  return <p class="day">{dayText(at, minute)}</p>;
}
