import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { consoleFolder } from '@prosaas/console';
import { expect, test } from 'vitest';

test('the compressed console is smaller than 150 KB', () => {
  const files = readdirSync(consoleFolder, { recursive: true, encoding: 'utf8' });
  const sizes = files
    .filter((name) => name.endsWith('.gz'))
    .map((name) => statSync(join(consoleFolder, name)).size);
  expect(sizes.length).toBeGreaterThan(2);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(150_000);
});
