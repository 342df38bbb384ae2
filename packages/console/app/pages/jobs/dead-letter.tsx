import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { Button } from '../../kit/button.tsx';
import { Empty, Failed, Loading } from '../../kit/empty.tsx';
import { ListView } from '../../kit/list-view.tsx';
import { Status } from '../../kit/status.tsx';
import { Ago } from '../../kit/time.tsx';
import { me, withQuery } from '../../lib/api.ts';
import { countText } from '../../lib/format.ts';
import { liveValue } from '../../lib/live.ts';
import { isAdmin, seesRecords } from '../../lib/page.ts';
import { href, location, setQuery } from '../../lib/router.ts';
import { useList } from '../../lib/use-list.ts';
import { useResource } from '../../lib/use-resource.ts';
import type { DeadJob } from './dead-job.tsx';
import { BulkDialog, type BulkAction } from './bulk-dialog.tsx';
import { KindSelect } from './kind-select.tsx';
import { type DeadFilter, filterOf, kindOf } from './text.ts';

/** GET /api/jobs/dead-letter/reasons */
interface Reasons {
  items: {
    code: string;
    count: number;
    oldest: string;
    newest: string;
    example_id: string;
    example_reason: string;
  }[];
  left_off: number;
}

type Ask = (action: BulkAction, filter: DeadFilter) => void;

/** The dead letter: jobs grouped by reason, or the jobs of one reason. */
export function DeadLetter() {
  const letter = liveValue('dead_letter');
  const filter = filterOf(location.value.query);
  const dialog = useSignal<{ action: BulkAction; filter: DeadFilter } | null>(null);
  const ask: Ask = (action, of) => (dialog.value = { action, filter: of });
  const maySee = me.value !== null && me.value !== undefined && seesRecords(me.value);
  const isFiltered = Object.keys(filter).length > 0;
  return (
    <section class="stack-tight" aria-labelledby="dead-letter">
      <h2 id="dead-letter">Failed for good</h2>
      {letter !== null && letter.depth > 0 && (
        <p>
          <Status level="warn">{countText(letter.depth, 'job')} in the dead letter</Status>
          {letter.newest !== null && (
            <>
              , the latest <Ago time={letter.newest} />
            </>
          )}
          {letter.kept_days > 0 && `. Each is kept for ${countText(letter.kept_days, 'day')}.`}
        </p>
      )}
      {maySee && (isFiltered || (letter?.depth ?? 0) > 0) && <Filters filter={filter} />}
      {letter?.depth === 0 && !isFiltered && (
        <Empty title="Nothing failed">
          <p>
            Jobs that fail for good are kept here
            {letter.kept_days > 0 ? ` for ${countText(letter.kept_days, 'day')}` : ''}, to be replayed or
            purged.
          </p>
        </Empty>
      )}
      {maySee && (isFiltered || (letter?.depth ?? 0) > 0) && (
        <>
          {filter.code === undefined ? (
            <ByReason filter={filter} version={versionOf(letter)} onAsk={ask} />
          ) : (
            <OneReason filter={filter} version={versionOf(letter)} onAsk={ask} />
          )}
        </>
      )}
      {dialog.value !== null && <BulkDialog {...dialog.value} onClose={() => (dialog.value = null)} />}
    </section>
  );
}

const versionOf = (letter: { depth: number; newest: string | null } | null): string =>
  `${letter?.depth} ${letter?.newest}`;

function Filters({ filter }: { filter: DeadFilter }) {
  const id = useId();
  return (
    <form
      class="filters"
      role="search"
      aria-label="Failed jobs"
      onSubmit={(event) => {
        event.preventDefault();
        const text = new FormData(event.currentTarget).get('text');
        setQuery({ contains: typeof text === 'string' ? text.trim() : undefined });
      }}
    >
      <label for={`${id}-kind`}>Kind</label>
      <KindSelect id={`${id}-kind`} value={filter.queue} onChoose={(chosen) => setQuery({ queue: chosen })} />
      <label for={`${id}-text`}>Reason contains</label>
      <input id={`${id}-text`} name="text" maxLength={200} defaultValue={filter.contains ?? ''} />
      <button type="submit" class="button">
        Search
      </button>
      {Object.keys(filter).length > 0 && (
        <Button onPress={() => setQuery({ queue: undefined, contains: undefined, code: undefined })}>
          Show all
        </Button>
      )}
    </form>
  );
}

function ByReason({ filter, version, onAsk }: { filter: DeadFilter; version: string; onAsk: Ask }) {
  const path = withQuery('api/jobs/dead-letter/reasons', { ...filter });
  const { data, error, reload } = useResource<Reasons>(path, version);
  const reasons = data.value;
  return (
    <>
      <Failed error={error.value} onRetry={reload} />
      {reasons === undefined && error.value === undefined && <Loading rows={3} />}
      {reasons?.items.length === 0 && (
        <Empty title="No failed job matches">
          <p>Remove the filter to see all failed jobs.</p>
        </Empty>
      )}
      {reasons !== undefined && reasons.items.length > 0 && (
        <>
          <Actions isAll what="all of these" filter={filter} onAsk={onAsk} />
          <ul class="rows" aria-label="Reasons">
            {reasons.items.map(({ code, count, oldest, newest, example_reason: example }) => (
              <li key={code}>
                <div class="row spread">
                  <div class="grows">
                    <a class="target" href={href(['jobs'], { ...filter, code })}>
                      <strong class="breaks">{code}</strong>
                    </a>{' '}
                    {countText(count, 'job')}
                    <div class="help breaks" dir="auto">
                      {example}
                    </div>
                    <div class="help">
                      {count > 1 && (
                        <>
                          first <Ago time={oldest} />,{' '}
                        </>
                      )}
                      last <Ago time={newest} />
                    </div>
                  </div>
                  <Actions what={code} filter={{ ...filter, code }} onAsk={onAsk} />
                </div>
              </li>
            ))}
          </ul>
          {reasons.left_off > 0 && (
            <p class="quiet">{countText(reasons.left_off, 'rarer reason')} not shown: use the search.</p>
          )}
        </>
      )}
    </>
  );
}

function OneReason({ filter, version, onAsk }: { filter: DeadFilter; version: string; onAsk: Ask }) {
  const list = useList<DeadJob>(withQuery('api/jobs/dead-letter', { ...filter }), {
    keyOf: ({ id }) => id,
    version,
  });
  return (
    <>
      <div class="row spread">
        <h3 class="breaks">{filter.code}</h3>
        <Actions what={filter.code ?? ''} filter={filter} onAsk={onAsk} />
      </div>
      <ListView
        list={list}
        label="Failed jobs"
        keyOf={({ id }) => id}
        row={(job) => <DeadRow job={job} />}
        empty={
          <Empty title="No failed job with this reason is left">
            <p>
              <a href={href(['jobs'])}>Show all failed jobs</a>
            </p>
          </Empty>
        }
      />
    </>
  );
}

function DeadRow({ job: { id, queue, reason, attempts, failed_at: failedAt, replays } }: { job: DeadJob }) {
  return (
    <div>
      <a class="target" href={href(['jobs', id])}>
        <strong>
          {kindOf(queue)} {id}
        </strong>
      </a>
      <div class="breaks" dir="auto">
        {reason}
      </div>
      <div class="help">
        failed <Ago time={failedAt} /> after {countText(attempts, 'attempt')}
        {replays > 0 && `, replayed ${countText(replays, 'time')} before`}
      </div>
    </div>
  );
}

function Actions({
  what,
  filter,
  isAll = false,
  onAsk,
}: {
  what: string;
  filter: DeadFilter;
  isAll?: boolean;
  onAsk: Ask;
}) {
  if (!me.value || !isAdmin(me.value)) return null;
  return (
    <div class="actions">
      <Button label={`Replay ${what}`} onPress={() => onAsk('replay', filter)}>
        {isAll ? 'Replay all…' : 'Replay…'}
      </Button>
      <Button label={`Purge ${what}`} onPress={() => onAsk('purge', filter)}>
        {isAll ? 'Purge all…' : 'Purge…'}
      </Button>
    </div>
  );
}
