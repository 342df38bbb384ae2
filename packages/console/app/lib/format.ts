import { computed, signal } from '@preact/signals';

/** IANA name of the time zone that times are shown in; undefined: the browser's own. */
export const timeZone = signal<string | undefined>(undefined);

const formatOf = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat => {
  const zone = timeZone.value;
  return new Intl.DateTimeFormat(undefined, { ...options, ...(zone !== undefined && { timeZone: zone }) });
};
const clock = computed(() => formatOf({ hour: '2-digit', minute: '2-digit' }));
const exact = computed(() => formatOf({ dateStyle: 'medium', timeStyle: 'medium' }));
const dayOf = computed(() => formatOf({ day: 'numeric', month: 'short' }));
const longDay = computed(() => formatOf({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }));
const dayKey = computed(() => formatOf({ year: 'numeric', month: '2-digit', day: '2-digit' }));

type Time = string | number | Date;

/** `14:05`, or `3 Dec, 14:05` on another day than `now`. */
export function timeText(time: Time, now: number): string {
  const date = new Date(time);
  const text = clock.value.format(date);
  return dayKey.value.format(date) === dayKey.value.format(now)
    ? text
    : `${dayOf.value.format(date)}, ${text}`;
}

/** `14:05`, whatever the day. */
export const clockText = (time: Time): string => clock.value.format(new Date(time));

/** The day of a time. Two times on the same day give the same text. */
export const dayOfTime = (time: Time): string => dayKey.value.format(new Date(time));

/** `Today`, `Yesterday`, `Monday 23 November 2026`. */
export function dayText(time: Time, now: number): string {
  const day = dayOfTime(time);
  if (day === dayOfTime(now)) return 'Today';
  return day === dayOfTime(now - 86_400_000) ? 'Yesterday' : longDay.value.format(new Date(time));
}

/** With date and seconds, for a tooltip. */
export const exactTime = (time: Time): string => exact.value.format(new Date(time));

const steps: readonly [seconds: number, unit: string, next: number][] = [
  [86_400, 'd', 3600],
  [3600, 'h', 60],
  [60, 'min', 1],
];

/** `42 s`, `5 min`, `2 h 5 min`, `3 d 4 h`. */
export function durationText(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  const whole = Math.max(0, Math.round(seconds));
  for (const [size, unit, smaller] of steps) {
    if (whole < size) continue;
    const rest = Math.floor((whole % size) / smaller);
    const restUnit = unit === 'd' ? 'h' : 'min';
    const first = `${Math.floor(whole / size)} ${unit}`;
    return unit === 'min' || rest === 0 ? first : `${first} ${rest} ${restUnit}`;
  }
  return `${whole} s`;
}

/** `5 min ago`. */
export const agoText = (time: Time, now: number): string =>
  `${durationText((now - new Date(time).getTime()) / 1000)} ago`;

/** Up to two decimals for small numbers: `0.42`, `12.5`, `1,204`; `–` when the value is unknown. */
export function numberText(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return new Intl.NumberFormat(undefined, { maximumFractionDigits: digits }).format(value);
}

const sizes = ['B', 'KB', 'MB', 'GB', 'TB'];

/** `310 MB`: powers of 1024. */
export function bytesText(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return '–';
  const power = bytes < 1 ? 0 : Math.min(sizes.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${numberText(bytes / 1024 ** power)} ${sizes[power]}`;
}

/** `1 chat`, `2 chats`. */
export const countText = (count: number, one: string, many = `${one}s`): string =>
  `${new Intl.NumberFormat(undefined).format(count)} ${count === 1 ? one : many}`;
