import { maxHeaderSize } from 'node:http';
import { createAgent, loadProfile } from '@prosaas/agentkit';
import { exportContact } from '@prosaas/database';
import { buildHttpApp, guard } from '@prosaas/http';
import { parseTrace } from '@prosaas/queues';
import { captureConsole, createLogger, maskPhone } from '@prosaas/runtime';
import { expect, test, vi } from 'vitest';
import { decodeCursor } from '../apps/api/src/cursor.ts';
import { SequenceCursor } from '../apps/api/src/routes/page.ts';
import { requireUuid } from '../apps/api/src/routes/resource.ts';
import { parseAddress, parseChatId } from '../apps/baileys/src/chat-id.ts';
import { clientLogger } from '../apps/baileys/src/client-logger.ts';
import { readAddress, readContent } from '../apps/baileys/src/inbound-message.ts';
import { inboundContent } from '../apps/baileys/src/inbound-text.ts';
import { parseStreamFrame } from '../apps/calls/src/media/stream-frames.ts';
import { providerGuard } from '../apps/calls/src/provider-signature.ts';
import { incomingCallRoute } from '../apps/calls/src/routes/incoming-call.ts';
import { connectStream } from '../apps/calls/src/twiml.ts';
import { WebhookRefusals } from '../apps/calls/src/webhook-refusals.ts';
import { WEBHOOK_BYTES, acceptForms } from '../apps/calls/src/webhook-form.ts';
import { describeError } from '../apps/worker/src/job-errors.ts';
import { FaqAgent } from '../packages/agentkit/src/faq-agent.ts';
import { givenHistory } from '../packages/agentkit/src/model/history.ts';
import { findUngrounded } from '../packages/agentkit/src/model/grounding.ts';
import { isPlausibleOptOut } from '../packages/agentkit/src/model/plausible-opt-out.ts';
import { buildPrompt } from '../packages/agentkit/src/model/prompt.ts';
import { withoutReasoning } from '../packages/agentkit/src/model/reasoning.ts';
import { isReadable } from '../packages/agentkit/src/model/script.ts';
import { speakable } from '../packages/agentkit/src/voice.ts';
import { AllowedMethods } from '../packages/http/src/allowed-methods.ts';
import { validatorCompiler } from '../packages/http/src/validation.ts';
import { wantsHealthJson } from '../packages/observability/src/http/accept.ts';
import { negotiateFormat } from '../packages/observability/src/text/format.ts';
import { requestSchemas } from './spec/support/route-schemas.ts';

vi.setConfig({ testTimeout: 240_000 });

const SMALL_LENGTH = 65_536;
const LARGE_LENGTH = 300_000;
const MAX_RATIO = 6;
/** Shorter times are ignored: with quadratic cost, the large text would take seconds. */
const FLOOR_MS = 50;
const TIMEOUT_MS = 12_000;

const fillWith = (part: string) => (length: number) =>
  flat(part.repeat(Math.ceil(length / part.length)).slice(0, length));
/** Flattens the tree of strings that `repeat` creates, so that the measured function need not do it. */
const flat = (text: string): string => Buffer.from(text, 'utf16le').toString('utf16le');

const texts: Record<string, (length: number) => string> = {
  'one word': fillWith('x'),
  'many words': (length) => {
    const words: string[] = [];
    for (let left = length, at = 0; left > 0; at++) {
      words.push(`where${at}`);
      left -= `where${at} `.length;
    }
    return flat(words.join(' ').slice(0, length));
  },
  Hebrew: fillWith('מה שעות הפתיחה '),
  Chinese: fillWith('你们几点开门'),
  emoji: fillWith('😀👩‍👩‍👧'),
  'combining marks': fillWith('\u0301'),
  'combining marks out of order': fillWith('\u0301\u0316'),
  'U+FDFA': fillWith('\ufdfa'),
  blanks: fillWith(' '),
  'digits with gaps': fillWith('1 (2)-'),
  quotes: fillWith('"\\\''),
  'names of secrets': fillWith('"token":?key=bearer '),
  'schemes of URLs': fillWith(`a.a.a.a.a.a.a.a.a.a.a://${':'.repeat(400)}`),
  'zeros of a trace': fillWith('00-'),
  'lists of headers': fillWith('text/plain;q=0.0,'),
  'nested lists': fillWith('['),
};

const profile = await loadProfile();
const silent = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const log = createLogger({
  service: 'test',
  instance: 'test',
  level: 'DEBUG',
  destination: { write: () => {} },
});
const faq = new FaqAgent(profile);
const agent = createAgent({ profile, log: silent });
const now = new Date('2026-01-12T10:00:00Z');
const person = { remoteJid: '972501234567@s.whatsapp.net', fromMe: false };
const nobody = (): Promise<null> => Promise.resolve(null);
const keyRing = {
  current: () => ({
    adminKey: 'a',
    apiKeys: [{ businessId: 'default', key: 'b' }],
    metricsTokens: ['c'],
    internalSecret: 'd',
  }),
  people: () => new Map(),
};
const reply = { header: () => reply };
const knock = guard(keyRing, { roles: ['admin'] });
const unsigned = {
  'content-type': 'application/x-www-form-urlencoded',
  'x-twilio-signature': 'x'.repeat(28),
};
const webhooks = buildHttpApp({ log: silent, bodyLimit: WEBHOOK_BYTES });
acceptForms(webhooks);
const refusals = new WebhookRefusals({ count: () => {}, log: silent });
incomingCallRoute(webhooks, { guard: providerGuard('token', 'https://desk.example', refusals) } as never);
const methods = new AllowedMethods();
for (const url of ['/api/messages/:id', '/api/conversations/:id/messages']) methods.add(url, 'GET');

type Prepare = (text: string) => () => unknown;

/** All functions that get text of strangers before it is cut or refused. */
const functions: Record<string, Prepare> = {
  'the text of a message': (text) => () => inboundContent({ conversation: text }),
  'the caption of a picture': (text) => () => inboundContent({ imageMessage: { caption: text } }),
  'a message with its id and the name of its sender': (text) => async () => {
    const message = { key: { ...person, id: text }, pushName: text, message: { conversation: text } };
    const address = await readAddress(message, { me: undefined, phoneOf: nobody });
    return address && readContent(message, address, now);
  },
  'the address of a sender': (text) => () => [parseAddress(text), parseAddress(`1${text}@lid`)],
  'the chat of a send': (text) => () => parseChatId(text),
  'the rules of the agent': (text) => () => faq.rule({ text, history: [], now }),
  'the answer from the profile': (text) => () =>
    faq.answer({ text, history: [{ direction: 'outbound', text }], now }),
  'the agent': (text) => () => agent.answer({ text, history: [], now, channel: 'whatsapp' }),
  'the history that a model is given': (text) => {
    const history = Array.from({ length: 30 }, () => ({ direction: 'inbound' as const, text }));
    return () => givenHistory(history);
  },
  'the prompt of a model': (text) => () =>
    buildPrompt(
      profile,
      { text, history: [{ direction: 'inbound', text }], now, channel: 'whatsapp' },
      { tokens: 8000, hasTools: true },
    ),
  'a wish to opt out that a model has seen': (text) => () => isPlausibleOptOut(text, profile),
  'what a model wrote': (text) => () => [
    withoutReasoning(text),
    isReadable(text.slice(0, 2000), text, profile),
    findUngrounded(text.slice(0, 2000), profile, { text, history: [{ direction: 'inbound', text }], now }),
  ],
  'what the voice can read': (text) => () => speakable(text),
  'a phone number in a log line': (text) => () => maskPhone(text),
  'a log line': (text) => () => log.info({ text, err: new Error(text) }, text),
  'a log line of the WhatsApp client': (text) => () => clientLogger(log).error(new Error(text), text),
  'what a library prints': (text) => () => {
    using _ = captureConsole(log);
    console.log(text);
  },
  'the error of a job': (text) => () => describeError(new Error(text)),
  'a key in a header': (text) => () =>
    Promise.allSettled(
      ['bearer ', 'basic ', ''].map((scheme) =>
        knock(
          { headers: { authorization: scheme + text, 'x-api-key': text }, query: { token: text } } as never,
          reply as never,
        ),
      ),
    ),
  'a webhook with a long value': (text) => {
    const payload = `CallSid=CA1&From=${encodeURIComponent(text.toWellFormed())}`;
    return () =>
      webhooks.inject({ method: 'POST', url: '/webhook/incoming_call', headers: unsigned, payload });
  },
  'a webhook with many fields': (text) => () =>
    webhooks.inject({
      method: 'POST',
      url: '/webhook/incoming_call',
      headers: unsigned,
      payload: 'a&b=1&'.repeat(text.length / 6),
    }),
  'a value in TwiML': (text) => () => connectStream({ url: text, statusCallback: text }, { token: text }),
  'a frame of a media stream': (text) => {
    const frames = [
      { event: 'start', start: { streamSid: text } },
      { event: 'media', media: { payload: text } },
    ];
    // The socket accepts frames up to 32 KB. Well-formed ones are tested in full length.
    const lines = [...frames.map((frame) => JSON.stringify(frame)), text.slice(0, 32 * 1024)];
    return () => lines.map(parseStreamFrame);
  },
  'a cursor': (text) => () => attempt(() => decodeCursor(SequenceCursor, text)),
  'an id in a path': (text) => () => attempt(() => requireUuid(text, 'message')),
  'a path': (text) => () => methods.of(`/${text}`),
  'the trace of a request': (text) => () => [
    parseTrace(text),
    parseTrace(`00-${'a'.repeat(32)}-${'b'.repeat(16)}-00-${text}`),
  ],
  'an Accept header': (text) => () => [
    wantsHealthJson(`application/health+json,${text}`, 'text/plain'),
    negotiateFormat(text),
  ],
  'the contact of an export': (text) => () =>
    exportContact({ query: () => Promise.resolve([]) } as never, { contact: text, businessId: undefined }),
  'the schemas of all routes': (text) => {
    const checks = requestSchemas().map(({ schema, part }) => {
      const value = part === 'body' ? text : text.slice(0, maxHeaderSize);
      const given = Object.fromEntries(Object.keys(schema.properties).map((name) => [name, value]));
      const check = validatorCompiler({ schema, httpPart: part } as never);
      return () => check(given);
    });
    return () => checks.map((check) => check());
  },
};

function attempt(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

async function msOf(run: () => unknown, times: number): Promise<number> {
  const start = performance.now();
  for (let time = 0; time < times; time++) await run();
  return performance.now() - start;
}

test.each(Object.entries(functions))(
  '%s costs time in proportion to the length of the text',
  async (_name, prepare) => {
    const faults: string[] = [];
    for (const [kind, text] of Object.entries(texts)) {
      const runs = { small: prepare(text(SMALL_LENGTH)), large: prepare(text(LARGE_LENGTH)) };
      const shortest = { small: Infinity, large: Infinity };
      let isLinear = false;
      // The shortest of several runs, because other work on the machine only adds time. The small text is measured five times in a row, so
      // that it is interrupted as often as the large one.
      const deadline = performance.now() + TIMEOUT_MS;
      for (let round = 0; round < 2 || (!isLinear && performance.now() < deadline); round++) {
        shortest.small = Math.min(shortest.small, (await msOf(runs.small, 5)) / 5);
        shortest.large = Math.min(shortest.large, await msOf(runs.large, 1));
        isLinear = shortest.large <= MAX_RATIO * shortest.small + FLOOR_MS;
      }
      if (!isLinear)
        faults.push(`${kind}: ${shortest.small.toFixed(1)} ms, then ${shortest.large.toFixed(1)} ms`);
    }
    expect(faults).toEqual([]);
  },
);
