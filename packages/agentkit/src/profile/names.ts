// Checks names of time zones and languages against ICU, and suggests corrections.
import { nearest } from './nearest.ts';

export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** `Asia/Jerusalem` for `Jerusalem` or `Asia/Jerusalm`. */
export function nearestTimeZone(name: string): string | undefined {
  const zones = ['UTC', ...Intl.supportedValuesOf('timeZone')];
  const cities = new Map(zones.map((zone) => [zone.slice(zone.lastIndexOf('/') + 1), zone]));
  const spelled = name.trim().replaceAll(' ', '_');
  const city = nearest(spelled.slice(spelled.lastIndexOf('/') + 1), cities.keys());
  return nearest(spelled, zones) ?? (city === undefined ? undefined : cities.get(city));
}

const englishNames = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' });

/** The canonical BCP 47 tag (`he` for `iw`); undefined for an unknown language. */
export function languageTag(tag: string): string | undefined {
  try {
    return englishNames.of(tag) === undefined ? undefined : Intl.getCanonicalLocales(tag)[0];
  } catch {
    return undefined;
  }
}

/** Languages to suggest. The first match wins, so the most common ones come first. */
const COMMON_TAGS =
  'en es he ar fr de ru pt it nl pl uk tr el ro hu cs sv da nb fi hi zh ja ko vi th id fa bg hr sk sr'.split(
    ' ',
  );

/** `es` for `spanish`, `español`, `sp` or `ES_es`; `ja` for the country code `jp`. */
export function nearestLanguage(text: string): string | undefined {
  const wanted = text.trim().toLowerCase();
  const parts = wanted.split(/[_\s-]+/);
  const joined = parts.length > 1 ? languageTag(parts.join('-')) : undefined;
  if (joined !== undefined) return joined;
  if (wanted.length < 2) return undefined;
  const tags = new Map<string, string>();
  for (const tag of COMMON_TAGS) {
    const ownName = new Intl.DisplayNames(tag, { type: 'language', fallback: 'none' }).of(tag) ?? '';
    for (const name of [englishNames.of(tag) ?? '', ownName]) tags.set(name.toLowerCase(), tag);
  }
  const byName = [...tags.keys()].find((name) => name.startsWith(wanted)) ?? nearest(wanted, tags.keys());
  if (byName !== undefined) return tags.get(byName);
  if (!/^[a-z]{2}$/.test(wanted)) return undefined;
  const { language } = new Intl.Locale(`und-${wanted.toUpperCase()}`).maximize();
  return language === 'en' || language === 'und' ? undefined : language;
}
