import type { FaqEntry, Profile } from './profile.ts';

/** What was learned from customers' questions. It is not part of the profile's file. */
export interface LearnedEntry {
  question: string;
  /** Undefined: the phrasings in `also` belong to the existing entry with this `question`. */
  answer?: string;
  also: string[];
}

/**
 * Adds learned entries to a profile. An entry of the file wins over a learned one with the same question, and a phrasing that an entry
 * already has stays with that entry. A learned answer is the same in every language.
 */
export function withLearned(profile: Profile, learned: readonly LearnedEntry[]): Profile {
  if (learned.length === 0) return profile;
  const { translations } = profile;
  const others = Object.entries(translations ?? {});
  const known = new Map<string, number>();
  const own: FaqEntry[] = [];
  const translated = new Map<string, FaqEntry[]>(others.map(([language]) => [language, []]));
  /** New phrasings, by the index of their entry. */
  const added = new Map<number, string[]>();
  const register = (form: string, at: number): boolean => {
    const key = comparable(form);
    if (key === '' || known.has(key)) return false;
    known.set(key, at);
    return true;
  };

  for (const [at, entry] of profile.faq.entries()) {
    own.push(entry);
    for (const form of [entry.question, ...(entry.also ?? [])]) register(form, at);
    for (const [language, { faq }] of others) translated.get(language)?.push(faq[at] ?? entry);
  }
  for (const { question, answer, also } of learned) {
    let at = known.get(comparable(question));
    if (at === undefined) {
      if (answer === undefined || comparable(question) === '') continue;
      at = own.length;
      register(question, at);
      for (const faq of [own, ...translated.values()]) faq.push({ question, answer });
    }
    const index = at;
    added.set(index, [...(added.get(index) ?? []), ...also.filter((form) => register(form, index))]);
  }

  const extended = (faq: readonly FaqEntry[]): FaqEntry[] =>
    faq.map((entry, at) => {
      const more = added.get(at) ?? [];
      return more.length === 0 ? entry : { ...entry, also: [...(entry.also ?? []), ...more] };
    });
  return {
    ...profile,
    faq: extended(own),
    ...(translations && {
      translations: Object.fromEntries(
        others.map(([language, other]) => [
          language,
          { ...other, faq: extended(translated.get(language) ?? []) },
        ]),
      ),
    }),
  };
}

/** Makes questions equal that differ only in case or white space. */
export const comparable = (question: string): string =>
  question.normalize('NFKC').trim().replaceAll(/\s+/g, ' ').toLowerCase();
