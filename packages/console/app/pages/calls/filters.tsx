import { useId } from 'preact/hooks';
import { OnlyWrong, isOnlyWrong } from '../../kit/only-wrong.tsx';
import { href, location, setQuery } from '../../lib/router.ts';

const outcomes = [
  ['', 'Any end'],
  ['completed', 'Ended well'],
  ['error', 'Broke off'],
  ['rejected', 'Turned away'],
] as const;

/** They stand in the address, so that a link keeps them. */
export function Filters() {
  const { query } = location.value;
  const [outcomeId, contactId, dayId] = [useId(), useId(), useId()];
  const change = (name: string) => (event: { currentTarget: { value: string } }) =>
    setQuery({ [name]: event.currentTarget.value.trim() || undefined });
  const isFiltered = ['outcome', 'contact', 'day', 'wrong'].some((name) => query.has(name));
  return (
    <form class="filters" role="search" aria-label="Calls" onSubmit={(event) => event.preventDefault()}>
      <div class="field">
        <label for={outcomeId}>How it ended</label>
        <select
          id={outcomeId}
          value={query.get('outcome') ?? ''}
          disabled={isOnlyWrong()}
          onChange={change('outcome')}
        >
          {outcomes.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      </div>
      <div class="field">
        <label for={contactId}>Who called</label>
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
