import type { TextFormat } from '../text/format.ts';

export interface ParsedFamily {
  type: string;
  help: string | undefined;
  unit: string | undefined;
  samples: { name: string; labels: Record<string, string>; value: number }[];
}

/** A strict parser for tests. Throws on the first line that violates the specification. */
export function parseExposition(text: string, format: TextFormat): Map<string, ParsedFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line has no newline');
  const lines = text.slice(0, -1).split('\n');
  if (format === 'openmetrics' && lines.pop() !== '# EOF')
    throw new Error('the text does not end with # EOF');
  const families = new Map<string, ParsedFamily>();
  const seen = new Set<string>();
  let current: [string, ParsedFamily] | undefined;
  for (const line of lines) {
    const meta = /^# (TYPE|HELP|UNIT) ([a-zA-Z_:][\w:]*) (.*)$/.exec(line);
    if (meta) {
      const [, kind, name, rest] = meta as unknown as [string, string, string, string];
      if (current?.[0] !== name) {
        if (families.has(name)) throw new Error(`${name} is not contiguous`);
        current = [name, { type: 'unknown', help: undefined, unit: undefined, samples: [] }];
        families.set(name, current[1]);
      }
      if (current[1].samples.length > 0) throw new Error(`${line} comes after its samples`);
      if (kind === 'TYPE') current[1].type = rest;
      else if (kind === 'HELP') current[1].help = unescape(rest, format === 'openmetrics');
      else if (format === 'openmetrics' && name.endsWith(`_${rest}`)) current[1].unit = rest;
      else throw new Error(`${line} is not allowed here`);
      continue;
    }
    const [key, sample] = parseSample(line);
    if (seen.has(key)) throw new Error(`${key} occurs twice`);
    seen.add(key);
    if (!current || !belongs(sample.name, current[0], current[1].type, format))
      throw new Error(`${line} belongs to no family`);
    current[1].samples.push(sample);
  }
  return families;
}

function belongs(name: string, family: string, type: string, format: TextFormat): boolean {
  if (type === 'histogram') return [`${family}_bucket`, `${family}_sum`, `${family}_count`].includes(name);
  return name === (type === 'counter' && format === 'openmetrics' ? `${family}_total` : family);
}

function parseSample(line: string): [string, ParsedFamily['samples'][number]] {
  const match = /^([a-zA-Z_:][\w:]*)(?:\{([^\n]*)\})? ([+-]Inf|NaN|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/.exec(
    line,
  );
  if (!match) throw new Error(`not a sample: ${line}`);
  const [, name = '', inner = '', value = ''] = match;
  const labels: Record<string, string> = {};
  let rest = inner;
  while (rest !== '') {
    const label = /^([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,(?=.)|$)/.exec(rest);
    if (!label) throw new Error(`not labels: ${inner}`);
    const [whole, key = '', text = ''] = label;
    if (key in labels) throw new Error(`a label occurs twice: ${inner}`);
    labels[key] = unescape(text, true);
    rest = rest.slice(whole.length);
  }
  const number = Number(value.replace('Inf', 'Infinity'));
  return [line.slice(0, line.length - value.length), { name, labels, value: number }];
}

function unescape(text: string, quotes: boolean): string {
  return text.replace(/\\([^])/g, (whole, char: string) => {
    if (char === 'n') return '\n';
    if (char === '\\' || (char === '"' && quotes)) return char;
    throw new Error(`${whole} is not an escape sequence`);
  });
}
