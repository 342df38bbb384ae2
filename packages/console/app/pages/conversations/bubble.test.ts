import { expect, test } from 'vitest';
import { foldedText } from './bubble.tsx';

test('folds a text that is long or has many lines, without cutting a character in two', () => {
  expect(foldedText('short\ntext')).toBeUndefined();
  expect(foldedText('x'.repeat(10_000))).toBe('x'.repeat(1200));
  expect(foldedText('a\n'.repeat(100))?.split('\n')).toHaveLength(24);
  expect(foldedText(`x${'😀'.repeat(1000)}`)).toBe(`x${'😀'.repeat(599)}`);
});
