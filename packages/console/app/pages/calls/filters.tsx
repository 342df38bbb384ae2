import { useId } from 'preact/hooks';
import { OnlyWrong, isOnlyWrong } from '../../kit/only-wrong.tsx';
import { href, location, setQuery } from '../../lib/router.ts';

const OUTCOMES = [
  ['', 'Any outcome'],
  ['completed', 'Completed'],
  ['error', 'Failed'],
  ['rejected', 'Rejected'],
] as const;

/** The filters are part of the address, so that links keep them. */
export function Filters() {
  const { query } = location.value;
  const [outcomeId, contactId, dayId] = [useId(), useId(), useId()];
  const change = (name: string) => (event: { currentTarget: { value: string } }) =>
    setQuery({ [name]: event.currentTarget.value.trim() || undefined });
  const isFiltered = ['outcome', 'contact', 'day', 'wrong'].some((name) => query.has(name));
  return (
    <form class="filters" role="search" aria-label="Calls" onSubmit={(event) => event.preventDefault()}>
      <div class="field">
        <label for={outcomeId}>Outcome</label>
        <select
          id={outcomeId}
          value={query.get('outcome') ?? ''}
          disabled={isOnlyWrong()}
          onChange={change('outcome')}
        >
          {OUTCOMES.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      </div>
      <div class="field">
        <label for={contactId}>Caller</label>
        <input
          id={contactId}
          type="search"
          placeholder="+49 170 1234567"
          maxLength={100}
          value={query.get('contact') ?? ''}
          onChange={change('contact')}
        />
      </div>
      <div class="field">
        <label for={dayId}>Day</label>
        <input id={dayId} type="date" value={query.get('day') ?? ''} onChange={change('day')} />
      </div>
      <OnlyWrong />
      {isFiltered && <a href={href(['calls'])}>Show all calls</a>}
    </form>
  );
}
