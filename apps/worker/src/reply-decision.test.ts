import type { Answer } from '@prosaas/agentkit';
import { expect, test } from 'vitest';
import { decideReply, noReply, whoAnswers } from './reply-decision.ts';

const at = new Date();
const answer = (source: Answer['source'], handOff = false): Answer => ({ text: 'said', handOff, source });

test.each([
  ['an open conversation', null, null, 'agent'],
  ['a conversation that was handed off', at, null, 'rules'],
  ['a contact who opted out', null, at, 'nobody'],
  ['both', at, at, 'nobody'],
] as const)('%s is answered by the right one', (_what, handedOff, optedOut, who) => {
  expect(whoAnswers({ handed_off_at: handedOff, opted_out_at: optedOut })).toBe(who);
});

test('the agent answers, and hands off where it says so', () => {
  expect(decideReply('agent', answer('faq'))).toEqual({ reply: 'said', optOut: false, handOff: undefined });
  expect(decideReply('agent', answer('hand-off', true))).toEqual({
    reply: 'said',
    optOut: false,
    handOff: 'agent',
  });
});

test('after a hand-off only a wish to be left alone is answered', () => {
  expect(decideReply('rules', answer('faq'))).toEqual(noReply);
  expect(decideReply('rules', answer('opt-out'))).toEqual({
    reply: 'said',
    optOut: true,
    handOff: undefined,
  });
});
