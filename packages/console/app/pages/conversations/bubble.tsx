import { useSignal } from '@preact/signals';
import { clockText, countText, exactTime } from '../../lib/format.ts';
import { currentPerson } from './changes.ts';
import type { Message } from './records.ts';
import { authorText, contentOf, deliveryText, matchText } from './text.ts';

/** A longer message is folded, so that nobody has to scroll past it. */
const FOLDED_CHARACTERS = 1200;
const FOLDED_LINES = 24;

/** The part of a long text that is shown at first; undefined for a short one. */
export function foldedText(text: string): string | undefined {
  const lines = text.split('\n', FOLDED_LINES + 1);
  const folded = lines.slice(0, FOLDED_LINES).join('\n').slice(0, FOLDED_CHARACTERS);
  if (folded.length === text.length) return undefined;
  // Not within a surrogate pair.
  return /[\uD800-\uDBFF]$/.test(folded) ? folded.slice(0, -1) : folded;
}

export function Bubble({ message, customer }: { message: Message; customer: string }) {
  const { kind, text } = contentOf(message);
  const { text: delivery, isBad } = deliveryText(message);
  const match = matchText(message.match);
  const at = message.created_at;
  return (
    <div class={`bubble ${message.direction} ${message.author}`}>
      <div class="bubble-head">
        <span class="bubble-author" dir="auto">
          {authorText(message, customer, currentPerson.value)}
        </span>
        {match !== undefined && (
          <span class="quiet" dir="auto">
            {match}
          </span>
        )}
      </div>
      {kind !== undefined && <p class="bubble-kind">{kind}: see the account's phone</p>}
      {text !== '' && <Text text={text} />}
      <div class="bubble-foot">
        <time dateTime={at} title={exactTime(at)}>
          {clockText(at)}
        </time>
        <span class={isBad ? 'bad' : ''} title={message.error ?? undefined}>
          {isBad && <span aria-hidden="true">■ </span>}
          {delivery}
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
