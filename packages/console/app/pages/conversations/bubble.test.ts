import { expect, test } from 'vitest';
import { foldedText } from './bubble.tsx';

test('a long text is folded, by its length or its lines, and no character is cut in two', () => {
  expect(foldedText('short\ntext')).toBeUndefined();
  expect(foldedText('x'.repeat(10_000))).toBe('x'.repeat(1200));
  expect(foldedText('a\n'.repeat(100))?.split('\n')).toHaveLength(24);
  expect(foldedText(`x${'😀'.repeat(1000)}`)).toBe(`x${'😀'.repeat(599)}`);
});
