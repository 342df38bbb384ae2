import { styleText } from 'node:util';

const SOURCE_COLOURS = {
  api: 'cyan',
  calls: 'magenta',
  worker: 'green',
  baileys: 'yellow',
  redis: 'red',
  postgres: 'blue',
} as const;

const LEVEL_COLOURS = { debug: 'gray', info: 'white', warn: 'yellow', error: 'red', fatal: 'red' } as const;

const COMMON_FIELDS = new Set(['level', 'time', 'service', 'instance', 'msg', 'pid', 'hostname']);

/** Formats a line of a service's JSON log for people: source, time, level, message and the other fields. */
export function formatLine(source: string, line: string): string {
  const colour = Object.hasOwn(SOURCE_COLOURS, source)
    ? SOURCE_COLOURS[source as keyof typeof SOURCE_COLOURS]
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
  // JSON, but not a log line.
  if (typeof level !== 'string') return line;
  const time = String(entry['time']).slice(11, 19);
  const rest = Object.entries(entry)
    .filter(([name]) => !COMMON_FIELDS.has(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
  const colour = Object.hasOwn(LEVEL_COLOURS, level)
    ? LEVEL_COLOURS[level as keyof typeof LEVEL_COLOURS]
    : 'white';
  const text = `${level.padEnd(5)} ${typeof entry['msg'] === 'string' ? entry['msg'] : ''}`;
  return [styleText('gray', time), styleText(colour, text), rest && styleText('gray', rest)]
    .filter(Boolean)
    .join(' ');
}
