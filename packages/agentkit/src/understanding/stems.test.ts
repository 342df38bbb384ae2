import { expect, test } from 'vitest';
import { loadLanguages } from './language-reader.ts';
import { KnownStems, createStems } from './stems.ts';

const settings = {
  en: { stemmer: 'english' },
  de: { stemmer: 'german', umlauts: true },
  es: { stemmer: 'spanish' },
  fr: { stemmer: 'french', elisions: 'l,d' },
};

test.each(Object.entries(settings))('knows the stems of all words of %s, in any order', (code, language) => {
  const { vocabulary } = loadLanguages().find((one) => one.code === code)!;
  const stems = createStems(language);
  const known = new KnownStems(vocabulary, stems);
  const stemsOf = (word: string): string[] => stems.forms(word).map(stems.stem);
  const lost = [...vocabulary].toReversed().filter((word) => !stemsOf(word).every((stem) => known.has(stem)));
  expect(lost).toEqual([]);
});

test('does not know a stem that no word has', () => {
  const known = new KnownStems(['dying', 'opened'], createStems({ stemmer: 'english' }));
  expect(['die', 'open', 'opene', 'ope', 'o', ''].map((stem) => known.has(stem))).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});
