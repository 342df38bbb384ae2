import { location, setQuery } from '../lib/router.ts';

/** Whether the address asks for problems only. */
export const isOnlyWrong = (): boolean => location.value.query.get('wrong') === '1';

/** The switch that every list has. Its state is part of the address, so that links keep it. */
export function OnlyWrong() {
  return (
    <label class="switch">
      <input
        type="checkbox"
        role="switch"
        checked={isOnlyWrong()}
        onChange={({ currentTarget }) => setQuery({ wrong: currentTarget.checked ? '1' : undefined })}
      />
      Only problems
    </label>
  );
}
