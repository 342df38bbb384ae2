import { expect, test } from 'vitest';
import type { Answer } from '../src/index.ts';
import type { Expectation } from './cases.ts';
import { judge } from './judge.ts';

const says = (text: string): Answer => ({ text, source: 'faq' });
const unknown: Answer = { text: 'I do not know.', source: 'unknown' };
const person: Answer = { text: 'Someone will call.', source: 'hand-off', handOff: 'asked' };
const optOut: Answer = { text: 'No more.', source: 'opt-out' };
const greeting: Answer = { text: 'Hello!', source: 'greeting' };
const silence: Answer = { text: '', source: 'small-talk' };

test.each<[string, Answer, Expectation, string[], string]>([
  ['the fact', says('It costs 20 EUR'), { fact: ['20 ?eur'] }, [], 'right'],
  ['the fact in decomposed Unicode', says('cafe\u0301'), { fact: ['café'] }, [], 'right'],
  ['another fact', says('Parking is free'), { fact: ['20'] }, [], 'wrong'],
  ['the fact with a forbidden text', says('20, dogs too'), { fact: ['20'], not: ['dogs'] }, [], 'wrong'],
  ['one of two facts', says('It costs 20'), { fact: ['20', 'free'] }, [], 'missed'],
  [
    'one of two facts with a forbidden text',
    says('20 dogs'),
    { fact: ['20', 'free'], not: ['dogs'] },
    [],
    'wrong',
  ],
  ['no answer', unknown, { fact: ['20'] }, [], 'missed'],
  ['an offer of the right question', unknown, { fact: ['20'] }, ['free', 'it is 20'], 'partly'],
  ['an offer of other questions', unknown, { fact: ['20'] }, ['free'], 'missed'],
  ['an offer that answers one of two questions', unknown, { fact: ['20', 'red'] }, ['it is 20'], 'partly'],
  ['a greeting to a question', greeting, { fact: ['20'] }, [], 'missed'],
  ['a greeting to a greeting', greeting, { social: true }, [], 'right'],
  ['an FAQ answer to a greeting', says('20'), { social: true }, [], 'wrong'],
  ['no answer to a greeting', unknown, { social: true }, [], 'missed'],
  ['a wanted hand-off', person, { hand_off: true }, [], 'right'],
  ['an unwanted hand-off', person, { fact: ['20'] }, [], 'needless'],
  ['a hand-off instead of an opt-out', person, { opt_out: true }, [], 'needless'],
  ['no answer to a wish for a person', unknown, { hand_off: true }, [], 'missed'],
  ['an FAQ answer to a wish for a person', says('20'), { hand_off: true }, [], 'wrong'],
  ['a wanted opt-out', optOut, { opt_out: true }, [], 'right'],
  ['an unwanted opt-out', optOut, { fact: ['20'] }, [], 'wrong'],
  ['no answer to an opt-out', unknown, { opt_out: true }, [], 'missed'],
  ['an FAQ answer to an opt-out', says('20'), { opt_out: true }, [], 'wrong'],
  ['silence', silence, { silent: true }, [], 'right'],
  ['a text instead of silence', greeting, { silent: true }, [], 'wrong'],
  ['no answer to what the profile does not answer', unknown, { unknown: true }, [], 'right'],
  ['no answer, with a forbidden text', unknown, { unknown: true, not: ['know'] }, [], 'wrong'],
  ['an FAQ answer to what the profile does not answer', says('20'), { unknown: true }, [], 'wrong'],
  ['a greeting to what the profile does not answer', greeting, { unknown: true }, [], 'missed'],
  ['one of several accepted answers', unknown, { any: [{ fact: ['20'] }, { unknown: true }] }, [], 'right'],
  [
    'the best of several verdicts',
    unknown,
    { any: [{ fact: ['20'] }, { hand_off: true }] },
    ['20'],
    'partly',
  ],
  [
    'an accepted answer with a forbidden text',
    says('20 dogs'),
    { any: [{ fact: ['20'] }], not: ['dogs'] },
    [],
    'wrong',
  ],
])('judges %s', (_, answer, expected, offered, verdict) => {
  expect(judge(answer, expected, offered)).toBe(verdict);
});
