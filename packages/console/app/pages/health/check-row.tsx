import { useEffect, useRef } from 'preact/hooks';
import { Advice } from '../../kit/advice.tsx';
import { Facts } from '../../kit/facts.tsx';
import { Status } from '../../kit/status.tsx';
import { Strip } from '../../kit/strip.tsx';
import { For } from '../../kit/time.tsx';
import { checkLevels, checkWords, factsInWords } from '../../lib/check-words.ts';
import type { Check } from '../../lib/diagnosis.ts';
import { timeText } from '../../lib/format.ts';
import { now } from '../../lib/live.ts';
import { setQuery } from '../../lib/router.ts';

/** What GET /api/checks tells beside what the live part does. */
export interface CheckMore {
  details?: Record<string, unknown>;
  changes: { at: string; status: Check['status']; codes: string[] }[];
}

export function CheckRow({
  check,
  more,
  isOpen,
  isAsked,
}: {
  check: Check;
  more: CheckMore | undefined;
  isOpen: boolean;
  /** By the address. */
  isAsked: boolean;
}) {
  const place = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    // After the page went to its top.
    if (isAsked) requestAnimationFrame(() => place.current?.scrollIntoView({ block: 'nearest' }));
  }, [isAsked]);
  const { name, status, since, looks_at: looksAt, reasons } = check;
  const changes = (more?.changes ?? []).map((change) => ({
    at: new Date(change.at).getTime(),
    level: checkLevels[change.status],
    word: [checkWords[change.status], ...change.codes].join(' '),
  }));
  return (
    <details ref={place} class="check" id={`check-${name}`} open={isOpen}>
      <summary
        onClick={(event) => {
          // Which one is open stands in the address.
          event.preventDefault();
          setQuery({ check: isOpen ? 'none' : name });
        }}
      >
        <span class="check-name">
          <strong>{name}</strong> <Status level={checkLevels[status]}>{checkWords[status]}</Status>
        </span>
        <span class="quiet">{reasons[0]?.means?.replaceAll('`', '') ?? looksAt}</span>
        <span class="check-since quiet">
          {since !== null && (
            <>
              since {timeText(since, now.value)} (<For since={since} />)
            </>
          )}
        </span>
        <Strip changes={changes} hours={1} label={`${name}, the last hour`} />
      </summary>
      <div class="stack">
        {looksAt !== null && <p>{looksAt.replaceAll('`', '')}</p>}
        {reasons.map((reason) => (
          <Advice key={reason.code} reason={reason} />
        ))}
        <FactsOf title="What it saw" facts={check.facts} />
        <FactsOf title="Details" facts={more?.details ?? {}} />
        {reasons.length === 0 && Object.keys({ ...check.facts, ...more?.details }).length === 0 && (
          <p class="quiet">Nothing to do.</p>
        )}
      </div>
    </details>
  );
}

function FactsOf({ title, facts }: { title: string; facts: Record<string, unknown> }) {
  const items = factsInWords(facts);
  if (items.length === 0) return null;
  return (
    <section>
      <h2>{title}</h2>
      <Facts items={items} />
    </section>
  );
}
