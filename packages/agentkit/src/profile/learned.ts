import type { FaqEntry, Profile } from './profile.ts';

/** What was learned from customers, beside the profile's file. */
export interface LearnedEntry {
  question: string;
  /** Undefined: `question` is that of an existing entry, which gets the `also`. */
  answer?: string;
  also: string[];
}

/**
 * A profile with what was learned. An entry of the file wins over a learned one with the same question, and a way to ask that an entry has
 * already stays with that entry. A learned answer is the same in every language.
 */
export function withLearned(profile: Profile, learned: readonly LearnedEntry[]): Profile {
  if (learned.length === 0) return profile;
  const { translations } = profile;
  const others = Object.entries(translations ?? {});
  const known = new Map<string, number>();
  const own: FaqEntry[] = [];
  const translated = new Map<string, FaqEntry[]>(others.map(([language]) => [language, []]));
  /** Ways to ask that each entry gets. */
  const added = new Map<number, string[]>();
  const learn = (form: string, at: number): boolean => {
    const key = comparable(form);
    if (key === '' || known.has(key)) return false;
    known.set(key, at);
    return true;
  };

  for (const [at, entry] of profile.faq.entries()) {
    own.push(entry);
    for (const form of [entry.question, ...(entry.also ?? [])]) learn(form, at);
    for (const [language, { faq }] of others) translated.get(language)?.push(faq[at] ?? entry);
  }
  for (const { question, answer, also } of learned) {
    let at = known.get(comparable(question));
    if (at === undefined) {
      if (answer === undefined || comparable(question) === '') continue;
      at = own.length;
      learn(question, at);
      for (const faq of [own, ...translated.values()]) faq.push({ question, answer });
    }
    const of = at;
    added.set(of, [...(added.get(of) ?? []), ...also.filter((form) => learn(form, of))]);
  }

  const grown = (faq: readonly FaqEntry[]): FaqEntry[] =>
    faq.map((entry, at) => {
      const more = added.get(at) ?? [];
      return more.length === 0 ? entry : { ...entry, also: [...(entry.also ?? []), ...more] };
    });
  return {
    ...profile,
    faq: grown(own),
    ...(translations && {
      translations: Object.fromEntries(
        others.map(([language, other]) => [
          language,
          { ...other, faq: grown(translated.get(language) ?? []) },
        ]),
      ),
    }),
  };
}

/** Two questions that differ in spaces and capitals alone are the same. */
export const comparable = (question: string): string =>
  question.normalize('NFKC').trim().replaceAll(/\s+/g, ' ').toLowerCase();
