import { expect, test } from 'vitest';
import { loadLanguages } from './language-reader.ts';
import { unsaid } from './wording.ts';

test.each(loadLanguages().map(({ code, texts }) => [code, texts.repeats] as const))(
  'no answer is said twice in 60 repeats, and each holds the answer: %s',
  (_, templates) => {
    const said = new Set<string>();
    const answer = 'We open at $& 9 (2 rooms), $1.';
    for (let turn = 0; turn < 60; turn++) {
      const text = unsaid(answer, templates, (one) => said.has(one));
      expect(said).not.toContain(text);
      expect(text).toContain(answer);
      expect(text).not.toMatch(/\{|\((?:2|\d+)\)/);
      said.add(text);
    }
    expect([...said][0]).toBe(answer);
  },
);

test('one template around an answer comes before two', () => {
  const said = new Set(['A', 'x A', 'y A']);
  expect(unsaid('A', ['x {answer}', 'y {answer}'], (one) => said.has(one))).toBe('x y A');
});

test('where all was said, or there is no template, something is said again', () => {
  expect(unsaid('A', [], () => true)).toBe('A');
  expect(unsaid('A', ['x {answer}'], () => true)).toBe('x A');
});
