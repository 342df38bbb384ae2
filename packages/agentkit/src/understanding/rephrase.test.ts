import { expect, test } from 'vitest';
import { loadLanguages } from './language-reader.ts';
import { rephrase } from './rephrase.ts';

test.each(loadLanguages().map(({ code, texts }) => [code, texts.repeats] as const))(
  '60 repeats of an answer in %s all differ and contain the answer',
  (_, templates) => {
    const sent = new Set<string>();
    const answer = 'We open at $& 9 (2 rooms), $1.';
    for (let turn = 0; turn < 60; turn++) {
      const text = rephrase(answer, templates, (one) => sent.has(one));
      expect(sent).not.toContain(text);
      expect(text).toContain(answer);
      expect(text).not.toMatch(/\{|\((?:2|\d+)\)/);
      sent.add(text);
    }
    expect([...sent][0]).toBe(answer);
  },
);

test('uses one template before two', () => {
  const sent = new Set(['A', 'x A', 'y A']);
  expect(rephrase('A', ['x {answer}', 'y {answer}'], (one) => sent.has(one))).toBe('x y A');
});

test('repeats a text when every variant was sent or there is no template', () => {
  expect(rephrase('A', [], () => true)).toBe('A');
  expect(rephrase('A', ['x {answer}'], () => true)).toBe('x A');
});
