import { useEffect, useRef } from 'preact/hooks';
import { Advice } from '../../kit/advice.tsx';
import { Facts } from '../../kit/facts.tsx';
import { Status } from '../../kit/status.tsx';
import { Strip } from '../../kit/strip.tsx';
import { For } from '../../kit/time.tsx';
import { checkLevels, checkLabels, describeFacts } from '../../lib/check-text.ts';
import type { Check } from '../../lib/checks.ts';
import { timeText } from '../../lib/format.ts';
import { now } from '../../lib/live.ts';
import { setQuery } from '../../lib/router.ts';

/** What GET /api/checks has beyond the live value. */
export interface CheckDetails {
  details?: Record<string, unknown>;
  changes: { at: string; status: Check['status']; codes: string[] }[];
}

export function CheckRow({
  check,
  details,
  isOpen,
  isRequested,
}: {
  check: Check;
  details: CheckDetails | undefined;
  isOpen: boolean;
  /** Whether the address names this check. */
  isRequested: boolean;
}) {
  const place = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    // In the next frame, after the page has scrolled to its top.
    if (isRequested) requestAnimationFrame(() => place.current?.scrollIntoView({ block: 'nearest' }));
  }, [isRequested]);
  const { name, status, since, looks_at: looksAt, reasons } = check;
  const changes = (details?.changes ?? []).map((change) => ({
    at: new Date(change.at).getTime(),
    level: checkLevels[change.status],
    label: [checkLabels[change.status], ...change.codes].join(' '),
  }));
  return (
    <details ref={place} class="check" id={`check-${name}`} open={isOpen}>
      <summary
        onClick={(event) => {
          // The address holds which check is open.
          event.preventDefault();
          setQuery({ check: isOpen ? 'none' : name });
        }}
      >
        <span class="check-name">
          <strong>{name}</strong> <Status level={checkLevels[status]}>{checkLabels[status]}</Status>
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
        <FactsOf title="Facts" facts={check.facts} />
        <FactsOf title="Details" facts={details?.details ?? {}} />
        {reasons.length === 0 && Object.keys({ ...check.facts, ...details?.details }).length === 0 && (
          <p class="quiet">Nothing to do.</p>
        )}
      </div>
    </details>
  );
}

function FactsOf({ title, facts }: { title: string; facts: Record<string, unknown> }) {
  const items = describeFacts(facts);
  if (items.length === 0) return null;
  return (
    <section>
      <h2>{title}</h2>
      <Facts items={items} />
    </section>
  );
}
