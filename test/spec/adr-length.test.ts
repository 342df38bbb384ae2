import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { repository } from './support/npm-start.ts';

const MAX_WORDS = 900;

test.each(globSync('docs/adr/*.md', { cwd: repository }))(`%s has at most ${MAX_WORDS} words`, (page) => {
  const words = readFileSync(`${repository}/${page}`, 'utf8').split(/\s+/).filter(Boolean);
  expect(words.length).toBeLessThanOrEqual(MAX_WORDS);
});
