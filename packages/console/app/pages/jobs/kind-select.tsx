import { queueNames, kindOf } from './words.ts';

/** One kind of jobs, or all of them. */
export function KindSelect({
  id,
  value,
  onChoose,
}: {
  id: string;
  value: string | undefined;
  /** Of the queue's name; empty for all. */
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
