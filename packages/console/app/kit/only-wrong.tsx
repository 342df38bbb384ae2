import { location, setQuery } from '../lib/router.ts';

/** Whether the address asks for what is wrong alone. */
export const isOnlyWrong = (): boolean => location.value.query.get('wrong') === '1';

/** The switch that every list has; it stands in the address, so that a link keeps it. */
export function OnlyWrong() {
  return (
    <label class="switch">
      <input
        type="checkbox"
        role="switch"
        checked={isOnlyWrong()}
        onChange={({ currentTarget }) => setQuery({ wrong: currentTarget.checked ? '1' : undefined })}
      />
      Only what is wrong
    </label>
  );
}
