import { queueNames, kindOf } from './text.ts';

/** Selects one kind of jobs, or all. */
export function KindSelect({
  id,
  value,
  onChoose,
}: {
  id: string;
  value: string | undefined;
  /** Gets the name of the queue; empty for all. */
  onChoose: (queue: string) => void;
}) {
  return (
    <select id={id} value={value ?? ''} onChange={({ currentTarget }) => onChoose(currentTarget.value)}>
      <option value="">All kinds</option>
      {queueNames.map((name) => (
        <option key={name} value={name}>
          {kindOf(name)}
        </option>
      ))}
    </select>
  );
}
