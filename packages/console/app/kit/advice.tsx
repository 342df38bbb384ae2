import type { ComponentChildren } from 'preact';
import type { Reason } from '../lib/diagnosis.ts';

/** Groups that are shown at once where it is to be brief. */
const BRIEF = 2;

/** What a code of a check means and what the runbook says to do about it; `isBrief`: the rest of it at a press. */
export function Advice({
  reason: { code, means, what_to_do: blocks },
  isBrief = false,
}: {
  reason: Reason;
  isBrief?: boolean;
}) {
  const groups = grouped(blocks);
  const first = isBrief ? groups.slice(0, BRIEF) : groups;
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
        {means !== null && <>: {marked(means)}</>}
      </p>
    </div>
  );
}

type Block = Reason['what_to_do'][number];

function Group({ group }: { group: Block[] }) {
  const [first] = group;
  if (first?.kind === 'code') return <pre tabIndex={0}>{first.text}</pre>;
  if (first?.kind === 'text') return <p>{marked(first.text)}</p>;
  return (
    <ul>
      {group.map(({ text }) => (
        <li key={text}>{marked(text)}</li>
      ))}
    </ul>
  );
}

/** Items that follow each other are one list. */
function grouped(blocks: readonly Block[]): Block[][] {
  const groups: Block[][] = [];
  for (const block of blocks) {
    const last = groups.at(-1);
    if (block.kind === 'item' && last?.[0]?.kind === 'item') last.push(block);
    else groups.push([block]);
  }
  return groups;
}

/** Text with `code` in it. */
function marked(text: string): ComponentChildren {
  return text.split('`').map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part));
}
