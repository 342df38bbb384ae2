import { useSignal } from '@preact/signals';
import { useEffect, useId } from 'preact/hooks';
import { Confirm } from '../../kit/dialog.tsx';
import { Failed } from '../../kit/empty.tsx';
import { ApiError, api } from '../../lib/api.ts';
import { countText } from '../../lib/format.ts';
import { liveValue } from '../../lib/live.ts';
import { notify } from '../../lib/say.ts';
import { type DeadFilter, filterInWords, refusedInWords } from './words.ts';

export type ManyOrder = 'replay' | 'purge';

/** What one request may act on. */
const MOST = 100_000;

interface Answer {
  matched: number;
  replayed?: number;
  purged?: number;
  refused?: { code: string }[];
}

/** Asks the api how many it would act on, says so, and has it act on just those. */
export function ManyDialog({
  order,
  filter,
  onClose,
}: {
  order: ManyOrder;
  filter: DeadFilter;
  onClose: () => void;
}) {
  const matched = useSignal<number | undefined>(undefined);
  const error = useSignal<ApiError | undefined>(undefined);
  const rate = useSignal('');
  // What fails from now on is none of those that somebody looked at.
  const until = useSignal(endOf(liveValue('dead_letter')?.newest ?? null));
  const id = useId();
  const ask = (more: object): Promise<Answer> =>
    api<Answer>('POST', `api/jobs/dead-letter/${order}`, {
      body: { ...filter, failed_before: until.value, ...more },
    });
  const count = async (): Promise<void> => {
    try {
      matched.value = (await ask({ dry_run: true })).matched;
      error.value = undefined;
    } catch (reason) {
      error.value = reason instanceof ApiError ? reason : new ApiError(0, 'ERROR', String(reason));
    }
  };
  useEffect(() => void count(), []);
  const act = async (): Promise<void> => {
    try {
      const answer = await ask({
        count: matched.value,
        limit: Math.min(MOST, matched.value ?? 1),
        ...(order === 'replay' && rate.value !== '' && { rate_per_second: Number(rate.value) }),
      });
      notify(inWords(answer), { isError: (answer.refused ?? []).length > 0 });
    } catch (reason) {
      // Another number by now: it is told anew, and asked again.
      if (reason instanceof ApiError && reason.code === 'COUNT_CHANGED') await count();
      throw reason;
    }
  };
  const jobs = `${matched.value === undefined ? '' : countText(matched.value, 'job')} ${filterInWords(filter)}`;
  return (
    <Confirm
      title={order === 'replay' ? 'Try them again?' : 'Drop them for good?'}
      yes={order === 'replay' ? 'Replay' : 'Purge'}
      isDangerous={order === 'purge'}
      isReady={(matched.value ?? 0) > 0}
      onYes={act}
      onClose={onClose}
    >
      <Failed error={error.value} onRetry={() => void count()} />
      <p aria-live="polite">
        {matched.value === undefined && error.value === undefined && 'Counting …'}
        {matched.value === 0 && `No job ${filterInWords(filter)} is left.`}
        {(matched.value ?? 0) > 0 &&
          (order === 'replay'
            ? `${jobs}: each is tried again, with all its attempts.`
            : `${jobs}: they are deleted, and cannot be replayed any more. Their messages stay, as failed.`)}
      </p>
      {order === 'replay' && (
        <div class="fields">
          <label for={id}>How fast</label>
          <select
            id={id}
            value={rate.value}
            onChange={({ currentTarget }) => (rate.value = currentTarget.value)}
          >
            <option value="">all at once</option>
            <option value="1">1 a second</option>
            <option value="5">5 a second</option>
            <option value="20">20 a second</option>
          </select>
        </div>
      )}
    </Confirm>
  );
}

/** REST tells times in whole milliseconds, and PostgreSQL has more of them. */
const endOf = (newest: string | null): string | undefined =>
  newest === null ? undefined : new Date(new Date(newest).getTime() + 1).toISOString();

function inWords({ matched, replayed, purged, refused = [] }: Answer): string {
  if (purged !== undefined) return `${countText(purged, 'job')} purged`;
  const done = `${replayed ?? 0} of ${countText(matched, 'job')} replayed`;
  return refused.length === 0 ? done : `${done}. Refused: ${refusedInWords(refused)}`;
}
