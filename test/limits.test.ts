import { maxHeaderSize } from 'node:http';
import { loadProfile } from '@prosaas/agentkit';
import { buildHttpApp } from '@prosaas/http';
import { createLogger, cutText } from '@prosaas/runtime';
import { expect, test } from 'vitest';
import { parseAddress } from '../apps/baileys/src/chat-id.ts';
import { readReceipt } from '../apps/baileys/src/receipts.ts';
import { CUT_MARK, storedId, storedName, storedText } from '../apps/baileys/src/inbound-limits.ts';
import { WEBHOOK_BYTES, acceptForms } from '../apps/calls/src/webhook-form.ts';
import { FaqAgent } from '../packages/agentkit/src/faq-agent.ts';
import { givenHistory } from '../packages/agentkit/src/model/history.ts';
import { MAX_ANSWER_LENGTH } from '../packages/agentkit/src/model/model-agent.ts';
import { RESPONSE_BYTES } from '../packages/agentkit/src/model/request.ts';
import { MAX_MODEL_QUESTION_LENGTH, truncateQuestion } from '../packages/agentkit/src/question-limits.ts';
import { sentencesOf } from '../packages/agentkit/src/understanding/clauses.ts';
import { Corrector } from '../packages/agentkit/src/understanding/corrector.ts';
import { MAX_LEARNED_ENTRIES } from '../packages/database/src/learning/learned-entry-repository.ts';
import {
  MAX_GROUPED_QUESTIONS,
  MAX_QUESTION_GROUPS,
  MAX_QUESTION_LENGTH,
} from '../packages/database/src/learning/unanswered-question-repository.ts';
import { validatorCompiler } from '../packages/http/src/validation.ts';
import { type FieldSchema, type RequestSchema, requestSchemas } from './spec/support/route-schemas.ts';
import { codeOf, readTable } from './spec/support/tables.ts';

const page = 'operations.md';
const rows = readTable(page, 'Limits on what comes from outside');
const schemas = requestSchemas();
const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });

/** Whether input of this length is accepted unchanged. */
type Takes = (length: number) => boolean | Promise<boolean>;

const a = (length: number): string => 'a'.repeat(length);
/** The number of characters that a model gets of a history of `length` characters, in messages of `size`. */
const givenOf = (length: number, size: number): number => {
  const sizes = Array.from({ length: Math.ceil(length / size) }, (_, at) =>
    Math.min(size, length - at * size),
  );
  const history = sizes.toReversed().map((one) => ({ direction: 'inbound' as const, text: a(one) }));
  return givenHistory(history).reduce((sum, { text }) => sum + text.length, 0);
};

const app = buildHttpApp({ log });
app.post('/', () => 'ok');
app.get('/:part', () => 'ok');
const webhooks = buildHttpApp({ log, bodyLimit: WEBHOOK_BYTES });
acceptForms(webhooks);
webhooks.post('/', () => 'ok');

const json = { 'content-type': 'application/json' };
const form = { 'content-type': 'application/x-www-form-urlencoded' };
const statusOf = async (
  response: PromiseLike<{ statusCode: number; json(): { code: string } }>,
): Promise<string> => {
  const answer = await response;
  return answer.statusCode === 200 ? '200' : `${answer.statusCode} ${answer.json().code}`;
};
/** Whether the request is accepted. Otherwise its answer must be the one in the table. */
const answers = async (
  refusal: string,
  response: PromiseLike<{ statusCode: number; json(): { code: string } }>,
): Promise<boolean> => {
  const status = await statusOf(response);
  expect(['200', refusal]).toContain(status);
  return status === '200';
};

/** The number of messages that are read from a receipt with `count` of them. */
const namedOf = (count: number): number => {
  const content = Array.from({ length: count - 1 }, (_, at) => ({ tag: 'item', attrs: { id: `M${at}` } }));
  const attrs = { id: 'M', from: '972501234567@s.whatsapp.net' };
  const receipt = { tag: 'receipt', attrs, content: [{ tag: 'list', attrs: {}, content }] };
  return readReceipt(receipt, undefined)?.messageIds.length ?? 0;
};

const rules = new FaqAgent(await loadProfile());
const optsOut = (text: string): boolean =>
  rules.rule({ text, history: [], now: new Date() })?.source === 'opt-out';
const never = (): boolean => false;
const corrects = (word: string): boolean => {
  const corrector = new Corrector();
  corrector.add([word.slice(1)], 0);
  return corrector.correct(word).length > 0;
};

const inPlaces: Record<string, Takes> = {
  'text of a WhatsApp message': (length) => storedText(a(length)) === a(length),
  'name of a WhatsApp contact': (length) => storedName(a(length)) === a(length),
  'id of a WhatsApp message': (length) => storedId(a(length)) === a(length),
  'messages that one WhatsApp receipt names': (count) => namedOf(count) === count,
  'user of a WhatsApp address': (length) => parseAddress(`${'1'.repeat(length)}@lid`) !== undefined,
  "message, as the agent's rules and search read it": (length) => truncateQuestion(a(length)) === a(length),
  'words of a message that rules read': (count) => optsOut(`${'hat '.repeat(count - 3)}leave me alone`),
  'word that is corrected': (length) => corrects(a(length)),
  'words of a sentence that are searched for': (count) =>
    sentencesOf('hat '.repeat(count).trim(), never).length === 1,
  'sentences of a message that are searched for': (count) =>
    sentencesOf('hat. '.repeat(count), never).length === count,
  'question that the agent did not understand': (length) =>
    cutText(a(length), MAX_QUESTION_LENGTH) === a(length),
  'questions of a business that were not understood': (count) => count <= MAX_GROUPED_QUESTIONS,
  'groups of them that are listed': (count) => count <= MAX_QUESTION_GROUPS,
  'learned entries': (count) => count <= MAX_LEARNED_ENTRIES,
  'message, as a model reads it': (length) => length <= MAX_MODEL_QUESTION_LENGTH,
  'earlier message, as a model reads it': (length) => givenOf(length, length) === length,
  'earlier messages together, as a model reads them': (length) => givenOf(length, 1000) === length,
  'answer of a model': (length) => length <= MAX_ANSWER_LENGTH,
  "response of a model's server": (bytes) => bytes <= RESPONSE_BYTES,
  'part of a path': (length) => answers('414 URL_TOO_LONG', app.inject(`/${a(length)}`)),
  'request line and headers': (bytes) => bytes <= maxHeaderSize,
  'body of a request': (bytes) =>
    answers(
      '413 BODY_TOO_LARGE',
      app.inject({ method: 'POST', url: '/', body: `"${a(bytes - 2)}"`, headers: json }),
    ),
  'body of a webhook': (bytes) =>
    answers(
      '413 BODY_TOO_LARGE',
      webhooks.inject({ method: 'POST', url: '/', body: a(bytes), headers: form }),
    ),
  'fields of a webhook': (count) =>
    answers(
      '400 TOO_MANY_FIELDS',
      webhooks.inject({ method: 'POST', url: '/', body: 'f=1&'.repeat(count), headers: form }),
    ),
};

/** Whether a route's schema accepts a field of a length. */
function takesField(route: string, field: string): Takes {
  const found = schemas.find((one) => one.route === route && field in one.schema.properties);
  if (found === undefined) throw new Error(`${route} takes no ${field}`);
  const { part, schema } = found;
  const check = validatorCompiler({ schema, httpPart: part } as never);
  return (length) => {
    const { error } = check({ [field]: '1'.repeat(length) }) as { error?: { errors: { field: string }[] } };
    return !(error?.errors ?? []).some((one) => one.field.split('.').at(-1) === field);
  };
}

test.each(rows)('$what: $most is accepted, one more is not', async ({ what = '', most = '' }) => {
  const [, route = '', field = ''] = /^`([^`]+)`: `([^`]+)`$/.exec(what) ?? [];
  const takes = route === '' ? inPlaces[what] : takesField(route, field);
  const limit = Number(/^\d+/.exec(most)?.[0]);
  if (takes === undefined) throw new Error(`nobody knows how ${what} is limited`);
  expect([await takes(limit), await takes(limit + 1)]).toEqual([true, false]);
});

test('the table has a row for every limit in this test', () => {
  const documented = new Set(rows.map(({ what }) => what));
  expect(Object.keys(inPlaces).filter((what) => !documented.has(what))).toEqual([]);
  expect(rows.map(({ 'beyond that': beyond }) => codeOf(beyond ?? ''))).toContain(CUT_MARK);
});

/** Text fields of a schema without a bound. */
function unbounded({ route, part, schema }: RequestSchema): string[] {
  return Object.entries(schema.properties)
    .filter(([, field]) => !isBounded(field))
    .map(([name]) => `${route} ${part}.${name}`);
}

function isBounded(field: FieldSchema): boolean {
  const { type, maxLength, pattern, anyOf, enum: values, const: constant } = field;
  if (anyOf !== undefined) return anyOf.every(isBounded);
  if (values !== undefined || constant !== undefined || maxLength !== undefined) return true;
  if (['integer', 'number', 'boolean', 'null'].includes(type ?? '')) return true;
  if (type === 'array') return field.maxItems !== undefined && isBounded(field.items ?? {});
  if (type === 'object') return Object.values(field.properties ?? { '': {} }).every(isBounded);
  return pattern !== undefined && /^\^[^*+]*\$$/.test(pattern.replaceAll('\\+', ''));
}

test('every text of a request has a bound of its own, or the bound of a path or a header', () => {
  expect(schemas.length).toBeGreaterThan(20);
  const found = schemas.filter(({ part }) => part !== 'params').flatMap(unbounded);
  expect(found).toEqual(['POST /api/messages headers.traceparent']);
});
