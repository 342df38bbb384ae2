import {
  type Agent,
  type Answer,
  type Profile,
  handOffReply,
  lateReply,
  loadProfile,
  notTextReply,
} from '@prosaas/agentkit';
import { expect, test } from 'vitest';
import { type ReplyDecision, type ReplyInput, decideReply } from './reply-decision.ts';

const profile = await loadProfile();
const now = new Date('2026-01-12T10:00:00Z');
const signal = new AbortController().signal;

const saying = (answer: Answer): Agent => ({ answer: async () => answer }) as unknown as Agent;
const faq: Answer = { source: 'faq', text: 'said' };
const unknown: Answer = { source: 'unknown', text: 'what?' };
const optOut: Answer = { source: 'opt-out', text: 'bye' };
const thanks: Answer = { source: 'small-talk', text: 'You are welcome!', smallTalk: 'thanks' };
const ok: Answer = { source: 'small-talk', text: '', smallTalk: 'acknowledgements' };
const yes: Answer = { source: 'small-talk', text: '', smallTalk: 'yesOrNo' };
const hello: Answer = { source: 'greeting', text: 'Hello!', smallTalk: 'greetings' };
const optIn: Answer = { source: 'opt-in', text: 'welcome back' };
const wish: Answer = { source: 'hand-off', text: 'a person will', handOff: 'asked' };
const emergency: Answer = { source: 'hand-off', text: 'call 112', handOff: 'emergency' };

type Given = Partial<Omit<ReplyInput, 'conversation' | 'message'>> &
  Partial<ReplyInput['conversation']> & { kind?: string; answer?: Answer; profile?: Profile };

function decide({
  answer = faq,
  kind = 'text',
  profile: own = profile,
  ...given
}: Given): Promise<ReplyDecision> {
  const { state = 'agent', state_reason = null, not_understood = 0, opted_out_at = null, ...turn } = given;
  const conversation = { state, state_reason, not_understood, opted_out_at };
  return decideReply(
    { agent: saying(answer), rules: saying(answer), profile: own },
    {
      message: { text: 'asked', kind },
      conversation,
      isReplay: false,
      isLate: false,
      isLoop: false,
      history: [],
      now,
      signal,
      ...turn,
    },
  );
}

const answered = { status: 'answered' };
const waits = { status: 'waiting_for_person' };
const needs = (reason: string): object => ({ type: 'needs_person', reason });
const opted_out_at = now;

test.each<[string, Given, object]>([
  ['an answer', {}, { end: answered, reply: 'said', notUnderstood: 0 }],
  ['to a closed conversation', { state: 'closed' }, { end: answered, reply: 'said', notUnderstood: 0 }],
  ['thanks', { answer: thanks, not_understood: 2 }, { end: answered, reply: 'You are welcome!' }],
  ['ok', { answer: ok }, { end: { status: 'ignored', reason: 'small_talk' } }],
  ['not understood', { answer: unknown }, { end: answered, reply: 'what?', notUnderstood: 1, missed: {} }],
  [
    'not understood three times',
    { answer: unknown, not_understood: 2 },
    { end: waits, reply: handOffReply(profile, now), event: needs('not_understood'), missed: {} },
  ],
  ['a wish for a person', { answer: wish }, { end: waits, reply: 'a person will', event: needs('asked') }],
  ['an opt-out', { answer: optOut }, { end: answered, reply: 'bye', event: { type: 'opted_out' } }],
  ['a loop', { isLoop: true }, { end: waits, reply: handOffReply(profile, now), event: needs('loop') }],
  [
    'an opt-out in a loop',
    { isLoop: true, answer: optOut },
    { end: answered, reply: 'bye', event: { type: 'opted_out' } },
  ],
  [
    'a picture',
    { kind: 'image' },
    { end: waits, reply: notTextReply(profile, now), event: needs('not_text') },
  ],
  ['a late message', { isLate: true }, { end: waits, reply: lateReply(profile, now), event: needs('late') }],
  ['while it waits', { state: 'waiting' }, { end: waits }],
  ['a picture while it waits', { state: 'waiting', kind: 'image' }, { end: waits }],
  ['a wish while it waits', { state: 'waiting', answer: wish }, { end: waits }],
  [
    'an emergency while it waits',
    { state: 'waiting', answer: emergency },
    { end: waits, reply: 'call 112', event: needs('emergency') },
  ],
  [
    'a second emergency while it waits',
    { state: 'waiting', state_reason: 'emergency', answer: emergency },
    { end: waits },
  ],
  ['an emergency in a loop', { isLoop: true, answer: emergency }, { end: waits, event: needs('emergency') }],
  [
    'an emergency with a person',
    { state: 'person', answer: emergency },
    { end: waits, event: needs('emergency') },
  ],
  [
    'an emergency after an opt-out',
    { opted_out_at, answer: emergency },
    { end: waits, event: needs('emergency') },
  ],
  [
    'a late emergency, in a caption',
    { isLate: true, kind: 'image', answer: emergency },
    { end: waits, reply: 'call 112', event: needs('emergency') },
  ],
  ['with a person', { state: 'person' }, { end: waits }],
  [
    'thanks to a person',
    { state: 'person', answer: thanks },
    { end: { status: 'ignored', reason: 'small_talk' } },
  ],
  ['ok to a person', { state: 'person', answer: ok }, { end: { status: 'ignored', reason: 'small_talk' } }],
  ['yes to a person', { state: 'person', answer: yes }, { end: waits }],
  ['hello to a person', { state: 'person', answer: hello }, { end: waits }],
  [
    'an opt-out with a person',
    { state: 'person', answer: optOut },
    { end: answered, reply: 'bye', event: { type: 'opted_out' } },
  ],
  [
    'a replay of what failed',
    { state: 'waiting', state_reason: 'failure', isReplay: true },
    { end: answered, reply: 'said', notUnderstood: 0, event: { type: 'failure_resolved' } },
  ],
  [
    'a replay where a person was asked for',
    { state: 'waiting', state_reason: 'asked', isReplay: true },
    { end: waits },
  ],
  ['a question after an opt-out', { opted_out_at }, { end: waits, event: needs('opted_out') }],
  ['a second one', { opted_out_at, state: 'waiting' }, { end: waits }],
  [
    'thanks after an opt-out',
    { opted_out_at, answer: thanks },
    { end: { status: 'ignored', reason: 'opted_out' } },
  ],
  [
    'an opt-out after an opt-out',
    { opted_out_at, answer: optOut },
    { end: { status: 'ignored', reason: 'opted_out' } },
  ],
  [
    'an opt-in',
    { opted_out_at, answer: optIn },
    { end: answered, reply: 'welcome back', event: { type: 'opted_in' } },
  ],
  [
    'an opt-in in a loop',
    { opted_out_at, isLoop: true, answer: optIn },
    { end: waits, event: needs('opted_out') },
  ],
])('%s', async (_what, given, decision) => {
  const { match: _, ...decided } = await decide(given);
  expect(JSON.parse(JSON.stringify(decided))).toEqual(decision);
});

test.each<[string, Given, Answer, (spanish: Profile) => string]>([
  ['late', { isLate: true }, faq, (spanish) => lateReply(spanish, now)],
  ['not text', { kind: 'image' }, faq, (spanish) => notTextReply(spanish, now)],
  ['not understood three times', { not_understood: 2 }, unknown, (spanish) => handOffReply(spanish, now)],
])('a message that is %s is answered in the language of its customer', async (_what, given, answer, said) => {
  const spanish: Profile = {
    ...profile,
    handOff: { ...profile.handOff, reply: 'Le contestará una persona.' },
    notText: { reply: 'Ha llegado.' },
    late: { reply: 'Llegó tarde.' },
  };
  const both: Profile = { ...profile, translations: { es: spanish } };
  const replies = await Promise.all(
    ['es', 'fr', undefined].map((language) =>
      decide({ ...given, answer: { ...answer, language }, profile: both }),
    ),
  );
  expect(replies.map(({ reply }) => reply)).toEqual([said(spanish), said(profile), said(profile)]);
});
