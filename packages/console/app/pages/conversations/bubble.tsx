import { useSignal } from '@preact/signals';
import { clockText, countText, exactTime } from '../../lib/format.ts';
import { reader } from './changes.ts';
import type { Message } from './records.ts';
import { authorText, contentOf, fateText, matchText } from './words.ts';

/** More is folded: nobody scrolls past a book to the next message. */
const FOLDED_CHARACTERS = 1200;
const FOLDED_LINES = 24;

/** What is shown of a long text at first; undefined: it is short. */
export function foldedText(text: string): string | undefined {
  const lines = text.split('\n', FOLDED_LINES + 1);
  const few = lines.slice(0, FOLDED_LINES).join('\n').slice(0, FOLDED_CHARACTERS);
  if (few.length === text.length) return undefined;
  // Not between the halves of a character.
  return /[\uD800-\uDBFF]$/.test(few) ? few.slice(0, -1) : few;
}

export function Bubble({ message, customer }: { message: Message; customer: string }) {
  const { kind, text } = contentOf(message);
  const { text: fate, isBad } = fateText(message);
  const match = matchText(message.match);
  const at = message.created_at;
  return (
    <div class={`bubble ${message.direction} ${message.author}`}>
      <div class="bubble-head">
        <span class="bubble-author" dir="auto">
          {authorText(message, customer, reader.value)}
        </span>
        {match !== undefined && (
          <span class="quiet" dir="auto">
            {match}
          </span>
        )}
      </div>
      {kind !== undefined && <p class="bubble-kind">{kind}: on the account's phone</p>}
      {text !== '' && <Text text={text} />}
      <div class="bubble-foot">
        <time dateTime={at} title={exactTime(at)}>
          {clockText(at)}
        </time>
        <span class={isBad ? 'bad' : ''} title={message.error ?? undefined}>
          {isBad && <span aria-hidden="true">■ </span>}
          {fate}
        </span>
      </div>
    </div>
  );
}

function Text({ text }: { text: string }) {
  const isOpen = useSignal(false);
  const folded = foldedText(text);
  return (
    <>
      <p class="bubble-text" dir="auto">
        {folded === undefined || isOpen.value ? text : `${folded}…`}
      </p>
      {folded !== undefined && (
        <button
          type="button"
          class="button"
          aria-expanded={isOpen.value}
          onClick={() => (isOpen.value = !isOpen.value)}
        >
          {isOpen.value ? 'Show less' : `Show all (${countText(text.length, 'character')})`}
        </button>
      )}
    </>
  );
}
