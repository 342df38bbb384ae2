import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { Button } from '../../kit/button.tsx';
import { Confirm } from '../../kit/dialog.tsx';
import { api, me } from '../../lib/api.ts';
import { isAdmin } from '../../lib/page.ts';
import { notify } from '../../lib/say.ts';

/** Gives one job up, so that what stands behind it goes on; for admins. */
export function SkipButton({ id, onDone }: { id: string; onDone?: () => void }) {
  const isAsking = useSignal(false);
  const reason = useSignal('');
  const field = useId();
  if (!me.value || !isAdmin(me.value)) return null;
  return (
    <>
      <Button label={`Skip job ${id}`} onPress={() => (isAsking.value = true)}>
        Skip…
      </Button>
      {isAsking.value && (
        <Confirm
          title={`Skip job ${id}?`}
          yes="Skip"
          isDangerous
          isReady={reason.value.trim() !== ''}
          onClose={() => (isAsking.value = false)}
          onYes={async () => {
            await api('POST', `api/jobs/${id}/skip`, { body: { reason: reason.value.trim() } });
            notify('1 job skipped: it is in the dead letter');
            onDone?.();
          }}
        >
          <p>
            Its message fails, the next job of its conversation has its turn, and the conversation waits for a
            person. It can be replayed from the dead letter.
          </p>
          <div class="fields">
            <label for={field}>Reason</label>
            <input
              id={field}
              maxLength={200}
              value={reason.value}
              onInput={({ currentTarget }) => (reason.value = currentTarget.value)}
            />
          </div>
        </Confirm>
      )}
    </>
  );
}
