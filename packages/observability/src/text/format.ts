import { acceptanceOf } from '../http/accept.ts';

/**
 * `prometheus`: text format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/).
 * `openmetrics`: OpenMetrics 1.0 (https://prometheus.io/docs/specs/om/open_metrics_spec/).
 */
export type TextFormat = 'prometheus' | 'openmetrics';

/** The `Content-Type` of each format. */
export const contentTypes: Readonly<Record<TextFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** The format for an Accept header: OpenMetrics when the header prefers it, otherwise Prometheus. */
export function negotiateFormat(accept = ''): TextFormat {
  const hasVersion =
    (supported: string) =>
    (parameters: ReadonlyMap<string, string>): boolean =>
      (parameters.get('version') ?? supported) === supported;
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

/** The samples of a counter end in `_total`. In OpenMetrics its family name does not. */
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

/** The `le` of a bucket. OpenMetrics wants whole numbers as `1.0`. */
export function boundText(format: TextFormat, bound: number): string {
  const text = valueText(bound);
  return format === 'openmetrics' && /^-?\d+$/.test(text) ? `${text}.0` : text;
}

export function valueText(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : `${value}`;
}

/** The end of the text. Lines are written with a newline before them, so the last one still needs its own. */
export function closingOf(format: TextFormat, isEmpty: boolean): string {
  return `${isEmpty ? '' : '\n'}${format === 'openmetrics' ? '# EOF\n' : ''}`;
}
