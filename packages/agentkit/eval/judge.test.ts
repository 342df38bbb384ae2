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
  ['the fact in decomposed letters', says('cafe\u0301'), { fact: ['café'] }, [], 'right'],
  ['another fact', says('Parking is free'), { fact: ['20'] }, [], 'wrong'],
  [
    'the fact beside what must not stand there',
    says('20, dogs too'),
    { fact: ['20'], not: ['dogs'] },
    [],
    'wrong',
  ],
  ['one of two facts', says('It costs 20'), { fact: ['20', 'free'] }, [], 'missed'],
  [
    'one of two facts beside what must not stand there',
    says('20 dogs'),
    { fact: ['20', 'free'], not: ['dogs'] },
    [],
    'wrong',
  ],
  ['nothing', unknown, { fact: ['20'] }, [], 'missed'],
  ['nothing, the right question offered', unknown, { fact: ['20'] }, ['free', 'it is 20'], 'partly'],
  ['nothing, other questions offered', unknown, { fact: ['20'] }, ['free'], 'missed'],
  ['nothing, one of two facts offered', unknown, { fact: ['20', 'red'] }, ['it is 20'], 'partly'],
  ['a greeting to a question', greeting, { fact: ['20'] }, [], 'missed'],
  ['a greeting to a greeting', greeting, { social: true }, [], 'right'],
  ['an entry to a greeting', says('20'), { social: true }, [], 'wrong'],
  ['nothing to a greeting', unknown, { social: true }, [], 'missed'],
  ['a person who was asked for', person, { hand_off: true }, [], 'right'],
  ['a person who was not', person, { fact: ['20'] }, [], 'needless'],
  ['a person instead of an end', person, { opt_out: true }, [], 'needless'],
  ['nothing to who wants a person', unknown, { hand_off: true }, [], 'missed'],
  ['an entry to who wants a person', says('20'), { hand_off: true }, [], 'wrong'],
  ['the end that was asked for', optOut, { opt_out: true }, [], 'right'],
  ['the end that was not', optOut, { fact: ['20'] }, [], 'wrong'],
  ['nothing to who wants an end', unknown, { opt_out: true }, [], 'missed'],
  ['an entry to who wants an end', says('20'), { opt_out: true }, [], 'wrong'],
  ['silence', silence, { silent: true }, [], 'right'],
  ['words instead of silence', greeting, { silent: true }, [], 'wrong'],
  ['not to know what cannot be known', unknown, { unknown: true }, [], 'right'],
  ['not to know, with what must not stand there', unknown, { unknown: true, not: ['know'] }, [], 'wrong'],
  ['an entry to what cannot be known', says('20'), { unknown: true }, [], 'wrong'],
  ['a greeting to what cannot be known', greeting, { unknown: true }, [], 'missed'],
  ['one of several that will do', unknown, { any: [{ fact: ['20'] }, { unknown: true }] }, [], 'right'],
  [
    'the best of several verdicts',
    unknown,
    { any: [{ fact: ['20'] }, { hand_off: true }] },
    ['20'],
    'partly',
  ],
  [
    'none of several, as what must not stand there does',
    says('20 dogs'),
    { any: [{ fact: ['20'] }], not: ['dogs'] },
    [],
    'wrong',
  ],
])('%s is judged: %#', (_, answer, expected, offered, verdict) => {
  expect(judge(answer, expected, offered)).toBe(verdict);
});
