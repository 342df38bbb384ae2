import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { fieldPaths } from './profile-schema.ts';
import { type ProfileError, parseProfile } from './read-profile.ts';

const page = await readFile(new URL('../../../../docs/profile.md', import.meta.url), 'utf8');
const shipped = await readFile(new URL('../../profiles/default.yaml', import.meta.url), 'utf8');

/** The fields that the parser reports as missing from an empty profile. */
function requiredFields(): Set<string> {
  const empty = 'hours: {}\nfaq: [{}]\nhandOff: {}\noptOut: {}\nphone: {}\n';
  try {
    parseProfile(empty, 'empty.yaml');
    return new Set();
  } catch (error) {
    const missing = (error as ProfileError).problems.flatMap(
      (problem) => /: ([\w.]+): is missing$/.exec(problem)?.[1] ?? [],
    );
    return new Set(missing.map((field) => field.replace('faq.0.', 'faq.')));
  }
}

test('docs/profile.md lists every profile field and marks the required ones', () => {
  const rows = [...page.matchAll(/^\| `([\w.]+)` +\| (yes)? /gm)].map(([, field, required]) => [
    field,
    required === 'yes',
  ]);
  expect(rows.length).toBeGreaterThan(40);
  const fields = fieldPaths.filter(
    (path) =>
      !path.startsWith('hours.week.') &&
      (path === 'hours.week' || !fieldPaths.some((other) => other.startsWith(`${path}.`))),
  );
  const required = requiredFields();
  expect(Object.fromEntries(rows)).toEqual(
    Object.fromEntries(
      fields.filter((field) => field !== 'extra').map((field) => [field, required.has(field)]),
    ),
  );
});

test('the example in docs/profile.md is valid and has Spanish texts', () => {
  const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  const profile = parseProfile(example, 'example.yaml');
  expect(profile.translations?.['es']).toMatchObject({
    greeting: '¡Hola! ¿En qué puedo ayudarle?',
    faq: [{ answer: 'Estamos en la calle Mayor 48.' }],
  });
});

test('the parser reports the faults that docs/profile.md shows, word for word', () => {
  const broken = shipped
    .replace(/^name: /m, 'nmae: ')
    .replace('09:00-18:00', '9-18')
    .replace('{until}', '{untill}');
  const [, block = ''] = /```\n(mine\.yaml[\s\S]*?)```/.exec(page) ?? [];
  const withoutPlace = (line: string): string => line.replace(/^mine\.yaml:\d+:\d+: /, '');
  const shown = block.trim().split('\n');
  expect(shown).toHaveLength(3);
  expect(() => parseProfile(broken, 'mine.yaml')).toThrow(
    expect.objectContaining({
      problems: expect.arrayContaining(shown.map((line) => expect.stringContaining(withoutPlace(line)))),
    }) as ProfileError,
  );
});
