import { expect, test } from 'vitest';
import { withLearned } from './learned.ts';
import type { Profile } from './profile.ts';
import { loadProfile } from './read-profile.ts';

const shipped = await loadProfile();
const profile: Profile = {
  ...shipped,
  faq: [
    { question: 'Where are you?', answer: 'Market Street.', also: ['your address'] },
    { question: 'How much is it?', answer: '60 euros.' },
  ],
};

test('returns the same object if nothing was learned', () => {
  expect(withLearned(profile, [])).toBe(profile);
});

test('appends a learned entry to those of the file', () => {
  const entry = { question: 'Is there a crèche?', answer: 'Yes.', also: ['where can I leave my baby'] };
  expect(withLearned(profile, [entry]).faq).toEqual([...profile.faq, entry]);
});

test('adds phrasings to the entry with the same question', () => {
  const learned = [
    { question: 'where are  YOU?', also: ['which street', 'Your address'] },
    { question: 'How much is it?', also: ['what do I pay'] },
    { question: 'No such question', also: ['lost'] },
  ];
  expect(withLearned(profile, learned).faq).toEqual([
    { question: 'Where are you?', answer: 'Market Street.', also: ['your address', 'which street'] },
    { question: 'How much is it?', answer: '60 euros.', also: ['what do I pay'] },
  ]);
});

test('an entry of the file wins over a learned one and keeps its phrasings', () => {
  const learned = [
    { question: 'How much is it?', answer: 'Nothing.', also: ['your address', 'price'] },
    { question: 'Do you have a garden?', answer: 'Yes.', also: ['How much is it?'] },
  ];
  expect(withLearned(profile, learned).faq).toEqual([
    profile.faq[0],
    { question: 'How much is it?', answer: '60 euros.', also: ['price'] },
    { question: 'Do you have a garden?', answer: 'Yes.' },
  ]);
});

test('adds learned entries to every language and does not change the profile', () => {
  const spanish: Profile = {
    ...profile,
    language: 'es',
    faq: [
      { question: '¿Dónde están?', answer: 'Calle Mayor.', also: ['your address'] },
      { question: '¿Cuánto vale?', answer: '60 euros.' },
    ],
  };
  const before = structuredClone({ ...profile, translations: { es: spanish } });
  const both: Profile = { ...profile, translations: { es: spanish } };
  const learned = [
    { question: 'Where are you?', also: ['which street'] },
    { question: 'Is there a garden?', answer: 'Yes.', also: [] },
  ];
  expect(withLearned(both, learned).translations?.['es']?.faq).toEqual([
    { question: '¿Dónde están?', answer: 'Calle Mayor.', also: ['your address', 'which street'] },
    { question: '¿Cuánto vale?', answer: '60 euros.' },
    { question: 'Is there a garden?', answer: 'Yes.' },
  ]);
  expect(both).toEqual(before);
});
