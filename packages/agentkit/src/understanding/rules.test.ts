import { expect, test } from 'vitest';
import { words } from './fold.ts';
import type { RuleName } from './language.ts';
import { loadLanguages } from './language-reader.ts';
import { type Spans, matchingRule } from './rules.ts';

const languages = loadLanguages();
const spansOf = (text: string): Spans => {
  const parts = text.split(/[,.?!]/).map(words);
  return { whole: words(text), clauses: parts, sentences: [words(text)] };
};

test.each<[string, RuleName, string, boolean]>([
  ['en', 'optOut', 'stop sending me messages', true],
  ['en', 'optOut', 'Can I stop my appointment?', false],
  ['en', 'handOff', 'I want to talk to a human', true],
  ['en', 'handOff', 'I do not want to talk to a human', false],
  ['en', 'identity', 'are you a robot?', true],
  ['de', 'optOut', 'Keine Nachrichten mehr bitte', true],
  ['de', 'handOff', 'Ich möchte mit einem Menschen sprechen', true],
  ['es', 'handOff', 'quiero hablar con una persona', true],
  ['es', 'optOut', 'no me manden más mensajes', true],
  ['fr', 'handOff', 'je veux parler à un humain', true],
  ['fr', 'optOut', 'ne m’envoyez plus de messages', true],
  ['he', 'handOff', 'אני רוצה לדבר עם נציג', true],
  ['he', 'optOut', 'תפסיקו לשלוח לי הודעות', true],
])('in %s the rule %s matches "%s": %s', (code, rule, text, expected) => {
  const own = languages.filter((one) => one.code === code);
  expect(matchingRule(rule, spansOf(text), own) !== undefined).toBe(expected);
});

test('returns the pattern that matched', () => {
  const english = languages.filter(({ code }) => code === 'en');
  const pattern = matchingRule('optOut', spansOf('stop sending me messages'), english);
  expect(english[0]?.rules.optOut.patterns.map(({ source }) => source)).toContain(pattern);
});
