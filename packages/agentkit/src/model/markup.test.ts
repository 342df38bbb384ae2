import { expect, test } from 'vitest';
import { withoutMarkup } from './markup.ts';

test.each([
  ['<p>We are <b>glad</b> to help you, **really**.</p><br>', 'We are glad to help you, *really*.'],
  ['## Prices\nA visit is 60 euros.', '*Prices*\nA visit is 60 euros.'],
  ['<ul><li>cash</li><li>card</li></ul>', 'cash\ncard'],
  ['2 < 3 and 5 > 4, <3', '2 < 3 and 5 > 4, <3'],
  ['plain', 'plain'],
])('turns %j into %j', (text, shown) => {
  expect(withoutMarkup(text)).toBe(shown);
});
