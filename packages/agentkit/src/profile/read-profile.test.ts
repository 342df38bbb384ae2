import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { Profile } from './profile.ts';
import { type ProfileError, loadProfile, parseProfile } from './read-profile.ts';
import { profileIn } from './translations.ts';

const shipped = await readFile(new URL('../../profiles/default.yaml', import.meta.url), 'utf8');

function problemsOf(text: string): string[] {
  try {
    parseProfile(text, 'mine.yaml');
    return [];
  } catch (error) {
    return (error as ProfileError).problems;
  }
}

/** Faults without file name, line and column. */
const messagesOf = (text: string): string[] =>
  problemsOf(text).map((problem) => problem.replace(/^mine\.yaml:\d+:\d+: /, ''));

const small = `name: Casa
timeZone: Europe/Madrid
language: en
greeting: Hello
hours: { week: { monday: ['09:00-18:00'] }, questions: [When?], open: 'Until {until}', closed: Closed, never: Never }
faq:
  - question: Where are you?
    answer: Here.
handOff: { words: [person], reply: Wait. }
optOut: { words: [stop], reply: Bye. }
unknown: [What?]
repeats: ['Again: {answer}']
phone: { greeting: a, idle: b, thanks: c, goodbye: d }
`;
/** The small profile with these lines. A line replaces the one with the same key, or is appended. */
function withLines(...lines: string[]): string {
  let text = small;
  for (const line of lines) {
    const key = line.slice(0, line.indexOf(':'));
    const old = new RegExp(`^${key}:.*(\\n .*)*\\n`, 'm');
    text = old.test(text) ? text.replace(old, () => `${line}\n`) : `${text}${line}\n`;
  }
  return text;
}
const read = (...lines: string[]): Profile => parseProfile(withLines(...lines), 'mine.yaml');

test('the shipped profile is valid', async () => {
  expect(await loadProfile()).toMatchObject({ name: 'Front Desk', timeZone: 'UTC' });
});

test('reports all faults of a profile at once, each with line and column', () => {
  const broken = shipped
    .replace(/^name: .*$/m, 'nmae: Desk')
    .replace('timeZone: UTC', 'timeZone: Mars/Base')
    .replace('09:00-18:00', '9-18')
    .replace(/greeting: Hello.*$/m, 'greeting: 7')
    .replace('Do you offer gift vouchers?', 'Where are  you LOCATED?');
  const lineOf = (text: string): number => 1 + broken.split('\n').findIndex((line) => line.includes(text));
  const first = lineOf('nmae');
  expect(problemsOf(broken)).toEqual([
    `mine.yaml:${first}:1: nmae: unknown; did you mean name?`,
    `mine.yaml:${first}:1: name: is missing`,
    `mine.yaml:${first + 1}:11: timeZone: "Mars/Base" is not an IANA time zone such as Europe/Berlin`,
    `mine.yaml:${lineOf('greeting: 7')}:11: greeting: 7 is not a text: put it into quotes, '7'`,
    `mine.yaml:${lineOf('9-18')}:14: hours.week.monday.0: "9-18" is not a time range such as 09:00-18:00`,
    expect.stringMatching(
      new RegExp(
        `^mine.yaml:${lineOf('LOCATED')}:15: faq.\\d+.question: "Where are  you LOCATED\\?" stands twice: also in line ${lineOf('located?')}$`,
      ),
    ),
  ]);
});

test.each([
  ['timeZone: Jerusalem', 'timeZone: "Jerusalem" is not an IANA time zone; did you mean Asia/Jerusalem?'],
  [
    'timeZone: Europe/Berln',
    'timeZone: "Europe/Berln" is not an IANA time zone; did you mean Europe/Berlin?',
  ],
  ['language: "?"', 'language: "?" is not a language tag such as en or he'],
  ['language: Hebrew', 'language: "Hebrew" is not a language tag; did you mean he?'],
  ['language: español', 'language: "español" is not a language tag; did you mean es?'],
  ['language: en_GB', 'language: "en_GB" is not a language tag; did you mean en-GB?'],
  ['language: jp', 'language: "jp" is not a language tag; did you mean ja?'],
  ['languages: [sp]', 'languages.0: "sp" is not a language tag; did you mean es?'],
  ['greeting:', 'greeting: is empty'],
  ['greeting: "  "', 'greeting: is empty'],
  ['greeting: [Hello]', 'greeting: is a list: one text is wanted'],
  ['greeting: no {untill}', 'greeting: {untill}: no such placeholder: this text has none'],
  [`greeting: ${'x'.repeat(2001)}`, 'greeting: has 2001 characters: 2000 at most'],
  ['greetings: Hi', "greetings: is not a list: write ['Hi']"],
  ['offer: Do you mean this?', 'offer: must hold {questions}'],
  ["repeats: ['Again']", 'repeats.0: must hold {answer}'],
  ['unknown: []', 'unknown: has no entry: 1 at least'],
  ['unknown:', 'unknown: is empty: a list is wanted'],
  ['faq: []', 'faq: has no entry: 1 at least'],
  ['emergency:', 'emergency: is empty: it has keys such as words, reply'],
  ['emergency: {words: [fire]}', 'emergency.reply: is missing'],
  ['emergency: call 112', 'emergency: "call 112" stands where keys such as words, reply belong'],
  ['optIn: {words: [start]}', 'optIn.reply: is missing'],
  ['smallTalk: {thank: Yes}', 'smallTalk.thank: unknown; did you mean thanks?'],
  ['openOn: {}', 'openOn: unknown; did you mean hours.openOn?'],
  ['late: {hours: 0}', 'late.hours: 0 is not a whole number from 1 to 720'],
  ['person: {quiet: 22-7}', 'person.quiet: "22-7" is not a time range such as 09:00-18:00'],
  [
    'person: {quiet: 07:00-07:00}',
    'person.quiet: "07:00-07:00" ends when it begins; a whole day is 00:00-24:00',
  ],
  [
    'handOff: {words: [x], reply: a, closed: "{until}"}',
    'handOff.closed: {until}: no such placeholder: there are {day}, {time}, {hours}',
  ],
  ['name: {en: Casa}', 'name: is a map of keys: one text is wanted'],
  [
    'greeting: {es: Hola}',
    'greeting.es: languages lacks es',
    "greeting.en: is missing: the profile's own language",
  ],
  ['greeting: {en: Hello, english: Hi}', 'greeting.english: unknown language; did you mean en?'],
  [
    'greeting: {en: Hi, es: Hola}\noffer: {en: "{questions}", es: "{questions}"}',
    'greeting.es: languages lacks es (and in 1 more place)',
  ],
  ['name: a\nname: b', 'name: this key stands twice'],
])('rejects %s', (lines, ...messages) => {
  expect(messagesOf(withLines(lines)).toSorted()).toEqual(messages.toSorted());
});

test.each([
  ["closedOn: ['2026-02-30']", 'hours.closedOn.0: "2026-02-30": the calendar has no such day'],
  ['closedOn: [Christmas]', 'hours.closedOn.0: "Christmas" is not a date such as 2026-12-25'],
  ["openOn: {'2026-13-01': []}", 'hours.openOn.2026-13-01: "2026-13-01": the calendar has no such day'],
  ["openOn: ['2026-12-24']", "hours.openOn: is not a map such as '2026-12-24': ['09:00-12:00']"],
  [
    "openOn: {'2026-12-24': [9-12]}, closedOn: ['2026-12-24']",
    'hours.openOn.2026-12-24.0: "9-12" is not a time range such as 09:00-18:00',
    'hours.closedOn.0: "2026-12-24" stands in openOn, too',
  ],
  ['onDay: {open: "{days}"}', 'hours.onDay.open: {days}: no such placeholder; did you mean {day}?'],
])('rejects opening hours with %s', (lines, ...messages) => {
  const text = small.replace("monday: ['09:00-18:00'] },", () => `monday: ['09:00-18:00'] }, ${lines},`);
  expect(messagesOf(text).toSorted()).toEqual(messages.toSorted());
});

test.each([
  ["monday: ['09:00-12:00', '11:00-13:00']", 'monday.1: "11:00-13:00" overlaps with "09:00-12:00"'],
  [
    "monday: ['22:00-02:00'], tuesday: ['01:00-03:00']",
    'tuesday.0: "01:00-03:00" overlaps with "22:00-02:00" of monday',
  ],
  [
    "sunday: ['22:00-02:00'], monday: ['01:00-03:00']",
    'monday.0: "01:00-03:00" overlaps with "22:00-02:00" of sunday',
  ],
  ["mondya: ['09:00-12:00']", 'mondya: unknown; did you mean monday?'],
  ['monday: 09:00-12:00', "monday: is not a list: write ['09:00-12:00']"],
])('rejects a week with %s', (days, message) => {
  const text = small.replace("monday: ['09:00-18:00']", days);
  expect(messagesOf(text)).toEqual([`hours.week.${message}`]);
});

test('accepts time ranges that touch without an overlap', () => {
  const text = small.replace(
    "monday: ['09:00-18:00']",
    "monday: ['09:00-12:00', '12:00-02:00'], tuesday: ['02:00-24:00'], wednesday: ['00:00-24:00']",
  );
  expect(problemsOf(text)).toEqual([]);
});

test('rejects a question that two entries share, but not one that an entry has twice', () => {
  const faq = (also: string): string =>
    withLines(`faq:
  - {question: Where are you?, answer: Here., also: [address, address]}
  - {question: Which way?, answer: Left., also: [${also}]}`);
  expect(problemsOf(faq('Address'))).toEqual([
    'mine.yaml:8:50: faq.1.also.0: "Address" stands twice: also in line 7',
  ]);
  expect(messagesOf(faq('when?'))).toEqual(['faq.1.also.0: "when?" stands twice: also in line 5']);
  expect(problemsOf(faq('left or right'))).toEqual([]);
});

test('a comma between braces does not end a text', () => {
  expect(
    read(`faq:
  - {question: Do you rent bicycles?, answer: 12 euros, with a helmet, and a lock., also: [bike, cycle]}
  - {question: Is it far?, answer: 'No', also: [far]}`).faq,
  ).toEqual([
    {
      question: 'Do you rent bicycles?',
      answer: '12 euros, with a helmet, and a lock.',
      also: ['bike', 'cycle'],
    },
    { question: 'Is it far?', answer: 'No', also: ['far'] },
  ]);
});

test('reads a profile in one language unchanged', () => {
  expect(read('greetings: [Hi]', 'optIn: {reply: Hello again}')).toEqual({
    name: 'Casa',
    timeZone: 'Europe/Madrid',
    language: 'en',
    greeting: 'Hello',
    greetings: ['Hi'],
    hours: {
      week: { monday: ['09:00-18:00'] },
      closedOn: [],
      questions: ['When?'],
      open: 'Until {until}',
      closed: 'Closed',
      never: 'Never',
    },
    faq: [{ question: 'Where are you?', answer: 'Here.' }],
    handOff: { words: ['person'], reply: 'Wait.' },
    optOut: { words: ['stop'], reply: 'Bye.' },
    optIn: { reply: 'Hello again' },
    unknown: ['What?'],
    repeats: ['Again: {answer}'],
    phone: { greeting: 'a', idle: 'b', thanks: 'c', goodbye: 'd' },
  });
});

test("builds a profile for each language, with the own language's texts where one is missing", () => {
  const profile = read(
    'languages: [en, es, he]',
    'greeting: {en: Hello, es: Hola}',
    'greetings: {en: [Hi], es: [Buenas]}',
    "unknown: {en: ['What?', 'Pardon?'], es: ['¿Qué?']}",
    "repeats: [{en: 'Again: {answer}', es: 'Otra vez: {answer}'}, 'Or: {answer}']",
    `faq:
  - question: {en: Where are you?, es: ¿Dónde están?}
    answer: {en: Here., es: Aquí.}
    also: {en: [address], es: [dirección]}
  - question: Is it free?
    answer: {en: 'Yes.', he: כן.}`,
  );
  const asked = (own: string, other: string): string[] => [own, other, 'address', 'dirección'];
  const [question, ...also] = asked('Where are you?', '¿Dónde están?');
  expect(profile).toMatchObject({
    language: 'en',
    greeting: 'Hello',
    greetings: ['Hi', 'Buenas'],
    unknown: ['What?', 'Pardon?'],
    faq: [
      { question, answer: 'Here.', also },
      { question: 'Is it free?', answer: 'Yes.' },
    ],
  });
  const spanish = profileIn(profile, 'es');
  expect(spanish).toMatchObject({
    language: 'es',
    name: 'Casa',
    greeting: 'Hola',
    greetings: ['Hi', 'Buenas'],
    unknown: ['¿Qué?'],
    repeats: ['Otra vez: {answer}', 'Or: {answer}'],
    faq: [
      { question: '¿Dónde están?', answer: 'Aquí.', also: ['Where are you?', 'address', 'dirección'] },
      { question: 'Is it free?', answer: 'Yes.' },
    ],
  });
  expect(spanish).not.toHaveProperty('translations');
  expect(profileIn(profile, 'he')).toMatchObject({
    language: 'he',
    greeting: 'Hello',
    faq: [{}, { answer: 'כן.' }],
  });
  expect(Object.keys(profile.translations ?? {})).toEqual(['es', 'he']);
  for (const other of ['fr', undefined]) expect(profileIn(profile, other)).toBe(profile);
});

test('moves texts of an old profile under `extra` to the fields that replaced them, unless those are set', () => {
  const profile = read(
    'extra: {openOn: "On {day}: {hours}", closedOn: "{week}", thanks: Fine, goodbye: Bye, resume: Back, calm: Sorry, identity: A program, other: 7}',
    'smallTalk: {thanks: My pleasure}',
    'optIn: {words: [again]}',
  );
  expect(profile).toMatchObject({
    hours: { onDay: { open: 'On {day}: {hours}', closed: '{week}' } },
    smallTalk: { thanks: 'My pleasure', goodbye: 'Bye', calm: 'Sorry', identity: 'A program' },
    optIn: { words: ['again'], reply: 'Back' },
  });
  expect(profile).not.toHaveProperty('extra');
  expect(messagesOf(withLines('extra: {openOn: "{dya}"}'))).toEqual([
    'extra.openOn: {dya}: no such placeholder; did you mean {day}?',
  ]);
});

test('reports broken YAML with its line, and a missing file with the reason', async () => {
  expect(problemsOf('name: x\nfaq: [')).toEqual([
    expect.stringMatching(/^mine\.yaml:2:\d+: not valid YAML: /),
  ]);
  expect(problemsOf('a: b\n}\nc: d')).toHaveLength(1);
  for (const own of ['faq: &a [*a]', 'greetings: &a [*a]', 'greeting: &a {en: *a}'])
    expect(messagesOf(withLines(own))).not.toEqual([]);
  expect(problemsOf(small.replace('answer: Here.', 'answer: Here.\n    also: &a [*a]'))).toHaveLength(1);
  expect(problemsOf('name: *nobody')).toEqual([
    expect.stringMatching(/^mine\.yaml:1:1: not valid YAML: .*nobody/),
  ]);
  expect(problemsOf('')).toEqual(['mine.yaml:1:1: is empty: it has keys such as name, timeZone, language']);
  await expect(loadProfile('/nowhere/profile.yaml')).rejects.toMatchObject({
    code: 'PROFILE_INVALID',
    problems: ['/nowhere/profile.yaml: cannot be read: ENOENT'],
  });
});

test('lists the question about opening hours in the same language first', () => {
  const hours =
    "hours: { week: {}, questions: {en: [When?], es: ['¿Cuándo?']}, open: 'Until {until}', closed: Closed, never: Never }";
  const profile = read('languages: [en, es]', hours);
  expect(profile.hours.questions).toEqual(['When?', '¿Cuándo?']);
  expect(profile.translations?.['es']?.hours.questions).toEqual(['¿Cuándo?', 'When?']);
});
