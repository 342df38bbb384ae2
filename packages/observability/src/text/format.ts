import { acceptanceOf } from '../http/accept.ts';

/** Prometheus' text form 0.0.4, and OpenMetrics 1.0 (https://prometheus.io/docs/specs/om/open_metrics_spec/). */
export type TextFormat = 'prometheus' | 'openmetrics';

export const contentTypes: Readonly<Record<TextFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** OpenMetrics for who prefers it, the older form for everyone else. */
export function negotiateFormat(accept = ''): TextFormat {
  const hasVersion =
    (ours: string) =>
    (parameters: ReadonlyMap<string, string>): boolean =>
      (parameters.get('version') ?? ours) === ours;
  const openmetrics = acceptanceOf(accept, 'application/openmetrics-text', hasVersion('1.0.0'));
  const plain = acceptanceOf(accept, 'text/plain', hasVersion('0.0.4'));
  const isPreferred = openmetrics.isNamed
    ? openmetrics.quality >= plain.quality
    : openmetrics.quality > plain.quality;
  return openmetrics.quality > 0 && isPreferred ? 'openmetrics' : 'prometheus';
}

export interface FamilyHeader {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string | undefined;
  readonly unit: string | undefined;
}

/** A counter's name ends in `_total` in its samples; OpenMetrics calls the family without it. */
export function sampleName({ name, type }: Pick<FamilyHeader, 'name' | 'type'>): string {
  return type === 'counter' && !name.endsWith('_total') ? `${name}_total` : name;
}

export function headerOf(format: TextFormat, family: FamilyHeader): string {
  const { type, help, unit } = family;
  const name = format === 'openmetrics' ? family.name.replace(/_total$/, '') : sampleName(family);
  let header = `# TYPE ${name} ${type}\n`;
  if (unit !== undefined && format === 'openmetrics') header += `# UNIT ${name} ${unit}\n`;
  return help === undefined ? header : `# HELP ${name} ${escapeHelp(format, help)}\n${header}`;
}

function escapeHelp(format: TextFormat, help: string): string {
  return format === 'openmetrics' ? escapeLabel(help) : help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

export function escapeLabel(value: string): string {
  return /[\\\n"]/.test(value)
    ? value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
    : value;
}

/** What a bucket's `le` reads; in OpenMetrics a whole number shows that it is a double. */
export function boundText(format: TextFormat, bound: number): string {
  const text = valueText(bound);
  return format === 'openmetrics' && /^-?\d+$/.test(text) ? `${text}.0` : text;
}

export function valueText(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : `${value}`;
}

/** Each line begins with the end of the one before; this ends the last. */
export function closingOf(format: TextFormat, isEmpty: boolean): string {
  return `${isEmpty ? '' : '\n'}${format === 'openmetrics' ? '# EOF\n' : ''}`;
}
