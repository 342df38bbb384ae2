import type { ComponentChildren } from 'preact';
import type { Reason } from '../lib/checks.ts';

/** Groups that are shown at first in the brief form. */
const BRIEF_GROUPS = 2;

/** What a reason code means, and what the runbook says to do about it. `isBrief` hides most of it behind "More about this". */
export function Advice({
  reason: { code, means, what_to_do: blocks },
  isBrief = false,
}: {
  reason: Reason;
  isBrief?: boolean;
}) {
  const groups = grouped(blocks);
  const first = isBrief ? groups.slice(0, BRIEF_GROUPS) : groups;
  const rest = groups.slice(first.length);
  return (
    <div class="advice">
      {first.map((group, index) => (
        <Group key={index} group={group} />
      ))}
      {rest.length > 0 && (
        <details>
          <summary>More about this</summary>
          {rest.map((group, index) => (
            <Group key={index} group={group} />
          ))}
        </details>
      )}
      <p class="quiet">
        <code>{code}</code>
        {means !== null && <>: {withCode(means)}</>}
      </p>
    </div>
  );
}

type Block = Reason['what_to_do'][number];

function Group({ group }: { group: Block[] }) {
  const [first] = group;
  if (first?.kind === 'code') return <pre tabIndex={0}>{first.text}</pre>;
  if (first?.kind === 'text') return <p>{withCode(first.text)}</p>;
  return (
    <ul>
      {group.map(({ text }) => (
        <li key={text}>{withCode(text)}</li>
      ))}
    </ul>
  );
}

/** Joins consecutive items into one list. */
function grouped(blocks: readonly Block[]): Block[][] {
  const groups: Block[][] = [];
  for (const block of blocks) {
    const last = groups.at(-1);
    if (block.kind === 'item' && last?.[0]?.kind === 'item') last.push(block);
    else groups.push([block]);
  }
  return groups;
}

/** Renders `code` in backticks. */
function withCode(text: string): ComponentChildren {
  return text.split('`').map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part));
}
