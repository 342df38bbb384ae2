/** A level is shown by a text and a shape, never by a colour alone. */
export type Level = 'good' | 'warn' | 'bad' | 'idle';

const signs: Readonly<Record<Level, string>> = { good: '●', warn: '▲', bad: '■', idle: '○' };

export function Status({ level, children }: { level: Level; children: preact.ComponentChildren }) {
  return (
    <span class={`status ${level}`}>
      <span aria-hidden="true">{signs[level]}</span> {children}
    </span>
  );
}
