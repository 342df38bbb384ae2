/** Prometheus' text form 0.0.4, and OpenMetrics 1.0 (https://prometheus.io/docs/specs/om/open_metrics_spec/). */
export type TextFormat = 'prometheus' | 'openmetrics';

export const contentTypes: Readonly<Record<TextFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** OpenMetrics for who prefers it by name, the older form for everyone else. */
export function negotiateFormat(accept = ''): TextFormat {
  let openmetrics = 0;
  let plain = 0;
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const valueOf = (name: string): string | undefined =>
      parameters.find((parameter) => parameter.startsWith(`${name}=`))?.slice(name.length + 1);
    const quality = Number(valueOf('q') ?? 1) || 0;
    const version = valueOf('version')?.replaceAll('"', '') ?? '1.0.0';
    if (type === 'application/openmetrics-text' && version === '1.0.0')
      openmetrics = Math.max(openmetrics, quality);
    if (type === 'text/plain') plain = Math.max(plain, quality);
  }
  return openmetrics > 0 && openmetrics >= plain ? 'openmetrics' : 'prometheus';
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
