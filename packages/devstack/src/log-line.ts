import { styleText } from 'node:util';

const sourceColours = {
  api: 'cyan',
  calls: 'magenta',
  worker: 'green',
  baileys: 'yellow',
  redis: 'red',
  postgres: 'blue',
} as const;

const levelColours = { debug: 'gray', info: 'white', warn: 'yellow', error: 'red', fatal: 'red' } as const;

const known = new Set(['level', 'time', 'service', 'instance', 'msg', 'pid', 'hostname']);

/** A line of a service's JSON log for people: who, when, what, and what is special about it. */
export function formatLine(source: string, line: string): string {
  const colour = Object.hasOwn(sourceColours, source)
    ? sourceColours[source as keyof typeof sourceColours]
    : 'white';
  return `${styleText(colour, source.padEnd(9))} ${formatBody(line)}`;
}

function formatBody(line: string): string {
  if (!line.startsWith('{')) return line;
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const { level } = entry;
  // JSON that is no line of a log.
  if (typeof level !== 'string') return line;
  const time = String(entry['time']).slice(11, 19);
  const rest = Object.entries(entry)
    .filter(([name]) => !known.has(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
  const colour = Object.hasOwn(levelColours, level)
    ? levelColours[level as keyof typeof levelColours]
    : 'white';
  const text = `${level.padEnd(5)} ${typeof entry['msg'] === 'string' ? entry['msg'] : ''}`;
  return [styleText('gray', time), styleText(colour, text), rest && styleText('gray', rest)]
    .filter(Boolean)
    .join(' ');
}
