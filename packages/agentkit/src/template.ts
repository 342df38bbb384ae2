import { atNoon } from './local-date.ts';

/** Fills the placeholders of a text, `{name}`. Those without a value stay. */
export function fillTemplate(template: string, values: Record<string, string>): string {
  return template.replaceAll(/\{(\w+)\}/g, (placeholder, name: string) => values[name] ?? placeholder);
}

/** A local date as a customer reads it: `Monday, January 12`. */
export function formatDay(date: string, language: string): string {
  return new Intl.DateTimeFormat(language, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    timeZone: 'UTC',
  }).format(atNoon(date));
}
