/** How something is: a word and a shape, never a colour alone. */
export type Level = 'good' | 'warn' | 'bad' | 'idle';

const signs: Readonly<Record<Level, string>> = { good: '●', warn: '▲', bad: '■', idle: '○' };

export function Status({ level, children }: { level: Level; children: preact.ComponentChildren }) {
  return (
    <span class={`status ${level}`}>
      <span aria-hidden="true">{signs[level]}</span> {children}
    </span>
  );
}
