import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { listedWords, words } from './fold.ts';
import { LanguageError, loadLanguages, readLanguages } from './language-reader.ts';

const shipped = new URL('../../languages/', import.meta.url);
const languages = loadLanguages();
const codes = ['de', 'en', 'es', 'fr', 'he'];
const fileOf = (code: string): Record<string, unknown> =>
  parse(readFileSync(new URL(`rules/${code}.yaml`, shipped), 'utf8'));

/** The shipped files, with changes. */
function folderWith(changes: Record<string, (text: string) => string>): URL {
  const folder = mkdtempSync(join(tmpdir(), 'languages-'));
  cpSync(shipped, folder, { recursive: true });
  for (const [name, change] of Object.entries(changes)) {
    const path = join(folder, name);
    writeFileSync(path, change(readFileSync(path, 'utf8')));
  }
  return pathToFileURL(`${folder}/`);
}

function problemsOf(changes: Record<string, (text: string) => string>): string[] {
  try {
    readLanguages(folderWith(changes));
    return [];
  } catch (error) {
    if (error instanceof LanguageError) return error.problems;
    throw error;
  }
}

test('all shipped languages load', () => {
  expect(languages.map(({ code }) => code)).toEqual(codes);
});

test.each(codes)('%s has what every language must have', (code) => {
  const language = languages.find((one) => one.code === code);
  const optional = new Set([
    'stemmer',
    'compounds',
    'umlauts',
    'prefixes',
    'suffixes',
    'elisions',
    'weekdays',
    'joinPrefix',
    'weekendDays',
  ]);
  const required = (one: string): string[] =>
    Object.keys(fileOf(one))
      .filter((key) => !optional.has(key))
      .toSorted();
  expect(required(code)).toEqual(required('en'));
  expect(Object.keys(language?.texts ?? {}).toSorted()).toEqual(
    Object.keys(languages[1]?.texts ?? {}).toSorted(),
  );
  for (const rule of ['optOut', 'optIn', 'handOff', 'identity'] as const)
    expect([rule, language?.rules[rule].patterns.length]).not.toEqual([rule, 0]);
  for (const list of Object.values(language?.smallTalk ?? {})) expect(list.length).toBeGreaterThan(0);
  expect([...(language?.ordinals.keys() ?? [])]).toEqual([1, 2, 3]);
  expect(language?.noneOfThese.length).toBeGreaterThan(0);
});

test.each(codes)('the texts of %s contain their placeholders and no others', (code) => {
  const { texts } = languages.find((one) => one.code === code) ?? { texts: undefined };
  const placeholders = (text = ''): string => [...new Set(text.match(/\{\w+\}/g))].toSorted().join();
  expect(placeholders(texts?.offer)).toBe('{questions}');
  expect(placeholders(texts?.openDay)).toBe('{day},{hours}');
  expect(placeholders(texts?.closedDay)).toMatch(/^\{day\}(,\{week\})?$/);
  for (const repeat of texts?.repeats ?? []) expect(placeholders(repeat)).toBe('{answer}');
  for (const name of ['thanks', 'goodbye', 'identity', 'calm', 'resume'] as const)
    expect(placeholders(texts?.[name])).toBe('');
});

test('every language uses the names of the English notions', () => {
  const dayNamesOf = (code: string): string[] =>
    Object.keys(parse(readFileSync(new URL(`notions/${code}.yaml`, shipped), 'utf8')));
  const english = new Set(dayNamesOf('en'));
  for (const code of codes)
    expect([code, dayNamesOf(code).filter((name) => !english.has(name))]).toEqual([code, []]);
});

test('reports all faults of all files at once, each with its file', () => {
  const problems = problemsOf({
    'rules/de.yaml': (text) =>
      text.replace(/^stemmer: .*$/m, 'stemmer: klingon').replace(/^stopWords: .*$/m, 'stopWords: kli'),
    'rules/en.yaml': (text) => text.replace(/^name: .*$/m, 'nme: English').replace('{questions}', ''),
    'rules/es.yaml': (text) => text.replace(/^ {2}optOut:$/m, "  optOut:\n    - 'alto {nadie}'"),
    'rules/fr.yaml': (text) => `${text}\njoins: et\n`,
    'notions/he.yaml': (text) => `${text}\nBad Name: one\n`,
  });
  expect(problems).toEqual([
    'de.yaml: rules.stemmer: there is no stemmer "klingon"',
    'de.yaml: rules.stopWords: there is no list "kli"',
    expect.stringMatching(/^en\.yaml: rules: .*name/),
    expect.stringMatching(/^en\.yaml: rules\.nme: /),
    'en.yaml: rules: must not have additional properties',
    expect.stringMatching(/^en\.yaml: rules\.texts\.offer: /),
    'rules/es.yaml: rules.optOut: there is no set {nadie}',
    expect.stringMatching(/^rules\/fr\.yaml:\d+: Map keys must be unique/),
    expect.stringMatching(/^he\.yaml: notions\.Bad Name: /),
    'he.yaml: notions: must not have additional properties',
  ]);
});

test('rejects an empty file and one that is not a map', () => {
  const problems = problemsOf({ 'rules/en.yaml': () => '', 'notions/de.yaml': () => '- a' });
  expect(problems.some((one) => one.startsWith('en.yaml: rules: '))).toBe(true);
  expect(problems.some((one) => one.startsWith('de.yaml: notions: '))).toBe(true);
});

test('loads a language without a file of notions', () => {
  const folder = folderWith({});
  const copy = new URL('rules/nl.yaml', folder);
  writeFileSync(
    copy,
    readFileSync(new URL('rules/en.yaml', folder), 'utf8').replace(/^stemmer: .*$/m, 'stemmer: dutch'),
  );
  expect(readLanguages(folder).map(({ code }) => code)).toEqual(['de', 'en', 'es', 'fr', 'he', 'nl']);
});

test.each([
  ['en', 'parking', true],
  ['en', 'appointments', true],
  ['en', 'dying', true],
  ['en', 'zzyzx', false],
  ['de', 'termine', true],
  ['fr', 'lhoraire', true],
  ['he', 'ובמחיר', true],
  ['he', 'zzyzx', false],
])('%s knows "%s" in any form: %s', (code, word, expected) => {
  expect(languages.find((one) => one.code === code)?.knows(words(word)[0] ?? '')).toBe(expected);
});

test('words with the same stem have the same key, but not across languages', () => {
  const [german, english] = languages;
  expect(english?.keys('prices')).toEqual(english?.keys('price'));
  expect(german?.keys('prices')).not.toEqual(english?.keys('prices'));
});

test.each(codes)('%s finds every phrase of its notions', (code) => {
  const language = readLanguages(shipped).find((one) => one.code === code);
  const { lemmaKeys, notions } = language!;
  const file = parse(readFileSync(new URL(`notions/${code}.yaml`, shipped), 'utf8')) as Record<
    string,
    string
  >;
  const missing = Object.entries(file).flatMap(([notion, list]) =>
    listedWords(list).filter((phrase) => {
      const found = notions.at(phrase.map(lemmaKeys), 0);
      return found?.length !== phrase.length || !found.names.includes(notion);
    }),
  );
  expect(missing).toEqual([]);
});
