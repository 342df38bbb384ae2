import { useSignal } from '@preact/signals';
import { useEffect, useId } from 'preact/hooks';
import { Confirm } from '../../kit/dialog.tsx';
import { Failed } from '../../kit/empty.tsx';
import { ApiError, api } from '../../lib/api.ts';
import { countText } from '../../lib/format.ts';
import { liveValue } from '../../lib/live.ts';
import { notify } from '../../lib/notifications.ts';
import { type DeadFilter, describeFilter, describeRefusals } from './text.ts';

export type BulkAction = 'replay' | 'purge';

/** The most jobs that one request may act on. */
const MAX_JOBS = 100_000;

interface Answer {
  matched: number;
  replayed?: number;
  purged?: number;
  refused?: { code: string }[];
}

/** Shows how many jobs an action would affect, and runs it on exactly those. */
export function BulkDialog({
  action,
  filter,
  onClose,
}: {
  action: BulkAction;
  filter: DeadFilter;
  onClose: () => void;
}) {
  const matched = useSignal<number | undefined>(undefined);
  const error = useSignal<ApiError | undefined>(undefined);
  const rate = useSignal('');
  // Jobs that fail from now on are not included.
  const until = useSignal(justAfter(liveValue('dead_letter')?.newest ?? null));
  const id = useId();
  const send = (more: object): Promise<Answer> =>
    api<Answer>('POST', `api/jobs/dead-letter/${action}`, {
      body: { ...filter, failed_before: until.value, ...more },
    });
  const count = async (): Promise<void> => {
    try {
      matched.value = (await send({ dry_run: true })).matched;
      error.value = undefined;
    } catch (reason) {
      error.value = reason instanceof ApiError ? reason : new ApiError(0, 'ERROR', String(reason));
    }
  };
  useEffect(() => void count(), []);
  const act = async (): Promise<void> => {
    try {
      const answer = await send({
        count: matched.value,
        limit: Math.min(MAX_JOBS, matched.value ?? 1),
        ...(action === 'replay' && rate.value !== '' && { rate_per_second: Number(rate.value) }),
      });
      notify(resultText(answer), { isError: (answer.refused ?? []).length > 0 });
    } catch (reason) {
      // The number has changed: show the new one and ask again.
      if (reason instanceof ApiError && reason.code === 'COUNT_CHANGED') await count();
      throw reason;
    }
  };
  const jobs = `${matched.value === undefined ? '' : countText(matched.value, 'job')} ${describeFilter(filter)}`;
  return (
    <Confirm
      title={action === 'replay' ? 'Replay these jobs?' : 'Purge these jobs?'}
      yes={action === 'replay' ? 'Replay' : 'Purge'}
      isDangerous={action === 'purge'}
      isReady={(matched.value ?? 0) > 0}
      onYes={act}
      onClose={onClose}
    >
      <Failed error={error.value} onRetry={() => void count()} />
      <p aria-live="polite">
        {matched.value === undefined && error.value === undefined && 'Counting …'}
        {matched.value === 0 && `No job ${describeFilter(filter)} is left.`}
        {(matched.value ?? 0) > 0 &&
          (action === 'replay'
            ? `${jobs}: each is tried again, with all its attempts.`
            : `${jobs}: they are deleted and can no longer be replayed. Their messages stay, as failed.`)}
      </p>
      {action === 'replay' && (
        <div class="fields">
          <label for={id}>How fast</label>
          <select
            id={id}
            value={rate.value}
            onChange={({ currentTarget }) => (rate.value = currentTarget.value)}
          >
            <option value="">all at once</option>
            <option value="1">1 per second</option>
            <option value="5">5 per second</option>
            <option value="20">20 per second</option>
          </select>
        </div>
      )}
    </Confirm>
  );
}

/** The api rounds times down to milliseconds; PostgreSQL stores microseconds. */
const justAfter = (newest: string | null): string | undefined =>
  newest === null ? undefined : new Date(new Date(newest).getTime() + 1).toISOString();

function resultText({ matched, replayed, purged, refused = [] }: Answer): string {
  if (purged !== undefined) return `${countText(purged, 'job')} purged`;
  const done = `${replayed ?? 0} of ${countText(matched, 'job')} replayed`;
  return refused.length === 0 ? done : `${done}. Refused: ${describeRefusals(refused)}`;
}
