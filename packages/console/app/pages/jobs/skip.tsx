import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { Button } from '../../kit/button.tsx';
import { Confirm } from '../../kit/dialog.tsx';
import { api, me } from '../../lib/api.ts';
import { isAdmin } from '../../lib/page.ts';
import { notify } from '../../lib/notifications.ts';

/** Lets admins give up one job, so that the jobs behind it can run. */
export function SkipButton({ id, onDone }: { id: string; onDone?: () => void }) {
  const isDialogOpen = useSignal(false);
  const reason = useSignal('');
  const field = useId();
  if (!me.value || !isAdmin(me.value)) return null;
  return (
    <>
      <Button label={`Skip job ${id}`} onPress={() => (isDialogOpen.value = true)}>
        Skip…
      </Button>
      {isDialogOpen.value && (
        <Confirm
          title={`Skip job ${id}?`}
          yes="Skip"
          isDangerous
          isReady={reason.value.trim() !== ''}
          onClose={() => (isDialogOpen.value = false)}
          onYes={async () => {
            await api('POST', `api/jobs/${id}/skip`, { body: { reason: reason.value.trim() } });
            notify('1 job skipped: it is in the dead letter');
            onDone?.();
          }}
        >
          <p>
            Its message fails, the next job of its conversation runs, and the conversation waits for a person.
            It can be replayed from the dead letter.
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
