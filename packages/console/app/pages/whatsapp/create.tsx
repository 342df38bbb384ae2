import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { ApiError, api } from '../../lib/api.ts';
import { go, href } from '../../lib/router.ts';
import { useResource } from '../../lib/use-resource.ts';
import type { Page } from '../../lib/use-list.ts';

interface Business {
  id: string;
  name: string;
}

/** The same rule as in the api, so that most mistakes show before the request is sent. */
const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

function nameError(name: string): string | undefined {
  if (name === '') return 'Give it a name.';
  if (name.length > 63) return 'A name has at most 63 characters.';
  return NAME_PATTERN.test(name)
    ? undefined
    : 'A name has only letters from A to Z, digits, - and _, and begins with a letter or a digit.';
}

export function CreateSession({ onClose }: { onClose: () => void }) {
  const name = useSignal('');
  const business = useSignal('');
  const fault = useSignal<string | undefined>(undefined);
  const businesses = useResource<Page<Business>>('api/businesses?limit=200').data.value?.items ?? [];
  const [nameId, businessId, faultId] = [useId(), useId(), useId()];
  const create = async (): Promise<void> => {
    const id = name.value.trim();
    fault.value = nameError(id);
    if (fault.value !== undefined) return;
    const chosen = business.value || businesses[0]?.id;
    try {
      await api('POST', 'api/sessions', {
        body: { id, ...(chosen !== undefined && { business_id: chosen }) },
      });
      onClose();
      go(href(['whatsapp', id]));
    } catch (error) {
      fault.value = error instanceof ApiError ? error.message : String(error);
    }
  };
  return (
    <Dialog title="New WhatsApp session" onClose={onClose}>
      <form
        class="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        <div class="field">
          <label for={nameId}>Name</label>
          <input
            id={nameId}
            value={name.value}
            autocomplete="off"
            spellcheck={false}
            maxLength={100}
            aria-invalid={fault.value !== undefined}
            aria-describedby={faultId}
            onInput={({ currentTarget }) => (name.value = currentTarget.value)}
          />
          <p id={faultId} class={fault.value === undefined ? 'help' : 'fault'} role="alert">
            {fault.value ?? 'For example front-desk. It cannot be changed later.'}
          </p>
        </div>
        {businesses.length > 1 && (
          <div class="field">
            <label for={businessId}>Business</label>
            <select
              id={businessId}
              value={business.value}
              onChange={({ currentTarget }) => (business.value = currentTarget.value)}
            >
              {businesses.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.name}
                </option>
              ))}
            </select>
          </div>
        )}
        <div class="actions end">
          <Button onPress={onClose}>Cancel</Button>
          <Button kind="primary" onPress={create}>
            Create and pair
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
