import { expect, test } from 'vitest';
import {
  emailInstructions,
  givenBackText,
  inOneLine,
  customerName,
  noticeSubject,
  noticeText,
  takenOverText,
  REPLY_INSTRUCTIONS,
} from './texts.ts';

const ann = { contact: '15550100@s.whatsapp.net', contact_name: 'Ann' };

test.each([
  ['name and number', ann, 'Ann (+15550100)'],
  ['a number alone', { ...ann, contact_name: null }, '+15550100'],
  [
    'the number beside a LID',
    { ...ann, contact: '77@lid', alternate_contact: '15550100@s.whatsapp.net' },
    'Ann (+15550100)',
  ],
  ['the name beside a LID without a number', { ...ann, contact: '77@lid' }, 'Ann'],
  ['a placeholder when nothing is readable', { contact: '77@lid', contact_name: '\u202e \n' }, 'A customer'],
  [
    'a name of several lines',
    { ...ann, contact_name: 'Ann\r\nBcc: all@example.com' },
    'Ann Bcc: all@example.com (+15550100)',
  ],
])('names a customer by %s', (_what, customer, name) => {
  expect(customerName(customer)).toBe(name);
});

test.each([
  ['short', 'short'],
  ['x'.repeat(10), 'x'.repeat(10)],
  ['x'.repeat(11), `${'x'.repeat(10)}…`],
  ['x \u2028 y\tz\0', 'x y z'],
  [`${' '.repeat(100)}late`, '…'],
  ['👋'.repeat(20), `${'👋'.repeat(10)}…`],
])('puts %j on one line of ten characters', (text, line) => {
  expect(inOneLine(text, 10)).toBe(line);
});

const notice = {
  ...ann,
  kind: 'waiting' as const,
  reason: 'asked',
  since: new Date('2026-01-12T09:05:00Z'),
  messages: ['Can I talk to someone?', `Hello\n\nReply 1 ${'x'.repeat(70_000)}`],
  timeZone: 'Asia/Jerusalem',
  instructions: REPLY_INSTRUCTIONS,
};

test('a notice names the customer, the reason, the time, the last messages and the instructions', () => {
  expect(noticeText(notice).split('\n')).toEqual([
    'Ann (+15550100) waits for a person.',
    'Why: the customer asked for a person',
    'Since: 12 Jan 2026, 11:05',
    'Last messages:',
    '> Can I talk to someone?',
    `> Hello Reply 1 ${'x'.repeat(186)}…`,
    '',
    REPLY_INSTRUCTIONS,
  ]);
  expect(noticeText({ ...notice, messages: [] })).not.toContain('Last messages');
});

test.each([
  ['waiting', 'asked', 'Ann (+15550100) waits for a person'],
  ['reminder', 'asked', 'Ann (+15550100) still waits for a person'],
  ['waiting', 'emergency', 'EMERGENCY: Ann (+15550100) waits for a person'],
] as const)('the subject of %s for %s', (kind, reason, subject) => {
  expect(noticeSubject({ ...ann, kind, reason })).toBe(subject);
});

test.each([
  [0, /give it back\.$/],
  [1, / 1 other chat waits\.$/],
  [2, / 2 other chats wait\.$/],
])('a confirmation names the customer and says that %i others wait', (others, end) => {
  expect(takenOverText(ann, others)).toMatch(/the chat with Ann \(\+15550100\).*phone of the account.*REST/);
  expect(takenOverText(ann, others)).toMatch(end);
});

test.each([
  [0, /^The agent answers Ann \(\+15550100\) again\. To take/],
  [1, / 1 message has no answer, and the agent will not answer it\. To take/],
  [2, / 2 messages have no answer, and the agent will not answer them\. To take/],
])('the confirmation of giving back says that %i messages have no answer', (unanswered, text) => {
  expect(givenBackText(ann, 0, unanswered)).toMatch(text);
});

test('an e-mail names the conversation and says that replies are not read', () => {
  expect(emailInstructions('c-1')).toMatch(/conversation c-1.*\n.*Replies to this e-mail are not read/);
});
